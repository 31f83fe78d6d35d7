# Everything a newcomer types. Settings are environment variables: make run PORT=8001 DATA_DIR=/tmp/try
PYTHON ?= python3
BIN := .venv/bin
# PyTorch's own index for one build only, e.g. its CPU wheels: PyPI's Linux wheel carries CUDA and is gigabytes larger.
TORCH_INDEX ?=
BOOTSTRAP := $(PYTHON) -m classroom.supervisor.bootstrap --torch-index "$(TORCH_INDEX)"

# What everything else leans on: every branch of these is run by one of these tests. Counting branches costs four tenths of
# a test's time, so only they are counted.
COVERED := classroom.rooms.frames classroom.rooms.verbs classroom.rooms.journal classroom.rooms.access tutor.answers tutor.guard inference_worker.chunker
COVERED_BY := $(addprefix tests/rooms/test_,access.py frames.py journal.py) tests/inference_worker/test_chunker.py \
	$(addprefix tests/tutor/test_,answers.py guard.py guard_values.py hands.py showing.py superseded.py)
# Where make can, what runs side by side says its words one after the other.
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

# Much of a test is waiting for processes: two more at a time than there are cores, one computing thread each.
WORKERS := $(shell $(PYTHON) -c 'import os; print(min(6, (os.cpu_count() or 1) + 2))')

.DEFAULT_GOAL := help
.PHONY: messages help run install dev test pages pages-aside rest covered lint types doctor demo-info bench bench-inference bench-board chaos storm pedagogy clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

run: ## install what is missing, then start everything (Ctrl-C stops it)
	@DEMO=$${DEMO:-1} $(BOOTSTRAP) run

install: ## the virtual environment, the packages and the pages, without starting anything
	@$(BOOTSTRAP) install

dev: ## install, and the tests' tools and browser
	@$(BOOTSTRAP) dev

# Each of the hundreds of processes that the tests start would compile every file anew where bytecode is not to be kept.
test covered: export PYTHONDONTWRITEBYTECODE :=

test: dev ## every check and every test; needs nothing to be running
	@$(MAKE) --no-print-directory -j3 $(SYNC) covered lint types
	@$(MAKE) --no-print-directory -j2 pages-aside rest

PAGES = $(BOOTSTRAP) npm run check && $(BOOTSTRAP) npm test

pages: ## types and tests of the front end
	@$(PAGES)

pages-aside: ## the same, told in one piece between the lines of what runs beside it
	@said=$$( ($(PAGES)) 2>&1 ); ended=$$?; printf '\n%s\n' "$$said"; exit $$ended

rest: ## all other tests of Python, side by side
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=25 $(COVERED_BY:%=--ignore=%)

covered: ## the tests that reach every branch of what everything else leans on
	@$(BIN)/python -m pytest -q $(COVERED_BY) $(COVERED:%=--cov=%) --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered

lint: ## ruff: rules and layout
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: ## mypy
	@$(BIN)/mypy

doctor: ## each part and its state
	@$(BOOTSTRAP) doctor

demo-info: ## the demo's room and accounts, as JSON
	@$(BIN)/python manage.py demo_info

bench: dev ## deliveries and latency beside a bare broadcast loop, as ratios
	@$(BIN)/python -m tests.bench

bench-inference: dev ## the inference engine beside others with the same model on one core, as ratios
	@$(BIN)/python -m tests.bench.inference
	@$(BIN)/python -m tests.bench.inference_gpu

bench-board: dev ## boards: equal copies under random hands and falling processes, and a stroke's age beside y-websocket
	@$(BIN)/python -m tests.bench.board

chaos: dev ## every fault of docs/faults.md on the real product; goes on where it was (ROWS=E4,E11 ROUNDS=5)
	@ROWS="$(ROWS)" ROUNDS="$(ROUNDS)" $(BIN)/python -m tests.chaos

storm: dev ## 1,000 made-up days and broken lines, 20,000 mutated frames, half an hour of a whole school
	@$(BIN)/python -m tests.storm

pedagogy: dev ## how steps are checked, on our own problems or those of DATA=<folder>, as figures
	@$(BIN)/python -m tests.pedagogy $(if $(DATA),--data "$(DATA)")

messages: ## the catalogues of translations, brought up to date with the sources
	@$(BIN)/python -m classroom.catalogue.update

clean: ## what was built; DATA_DIR and .venv stay
	@rm -rf locale/*/pages.json locale/*/LC_MESSAGES/django.mo static/dist static/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
