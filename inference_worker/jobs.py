"""Taking a job from Redis: at most once for each (answer, attempt), and never without a word about it.

One script pops the job, marks the attempt as taken and puts ``started`` into the output stream, all or nothing. So
there is no moment at which a job is gone from the list while nobody but a dying worker knows of it: from ``started`` on
the other side sees that the attempt runs, and hands it on when this worker's heartbeat stops.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inference_worker.job import JOB, JOB_TTL_S, JOBS, OUTPUT_FIELD, OUTPUTS, STOP, TAKEN, Job

SHARD: Final = 0  # one output stream in this version
STREAM: Final = OUTPUTS.format(shard=SHARD)

# KEYS: list of jobs, output stream. ARGV: templates of the keys, who takes it, seconds, info of `started`, the field.
# Offsets count code points: all bytes of UTF-8 but those that continue a character.
_TAKE: Final = """
while true do
  local entry = redis.call('RPOP', KEYS[1])
  if not entry then return false end
  local answer, attempt = string.match(entry, '^(.*):(%d+)$')
  if answer then
    local named = function(template)
      return (string.gsub(template, '{(%w+)}', {answer = answer, attempt = attempt}))
    end
    local job = redis.call('GET', named(ARGV[1]))
    if job and redis.call('SET', named(ARGV[2]), ARGV[4], 'NX', 'EX', ARGV[5]) then
      local ok, read = pcall(cjson.decode, job)
      local prefix = ok and type(read) == 'table' and type(read.prefix) == 'string' and read.prefix or ''
      local _, length = string.gsub(prefix, '[^\\128-\\191]', '')
      local started = {answer = answer, attempt = tonumber(attempt), kind = 'started', offset = length, text = '',
                       reason = '', sha256 = '', info = cjson.decode(ARGV[6])}
      redis.call('XADD', KEYS[2], '*', ARGV[7], cjson.encode(started))
      return {answer, attempt, job, redis.call('EXISTS', named(ARGV[3]))}
    end
  end
end
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A job of ours. ``job`` is None when what lay in Redis cannot be read; ``stopped`` when nobody wants it."""

    answer: str
    attempt: int
    job: Job | None
    stopped: bool = False
    fault: str = ""


class Jobs:
    """``client``: a redis.Redis with ``decode_responses=True``. Every method may raise redis.RedisError."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._take = client.register_script(_TAKE)

    def take(self, worker: str, info: Mapping[str, Any]) -> Taken | None:
        """The oldest job that nobody has taken, or None. ``info`` goes into its ``started``; it must not be empty."""
        arguments = [JOB, TAKEN, STOP, worker, JOB_TTL_S, json.dumps(dict(info)), OUTPUT_FIELD]
        found = self._take(keys=[JOBS, STREAM], args=arguments)
        if not found:
            return None
        answer, attempt, text, stopped = found
        try:
            job = Job.from_json(text)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return Taken(answer, int(attempt), None, bool(stopped), f"{type(error).__name__}: {error}")
        return Taken(answer, int(attempt), job, bool(stopped))

    def stopped(self, answer: str) -> bool:
        return bool(self._client.exists(STOP.format(answer=answer)))
