import { beforeEach, describe, expect, it, vi } from "vitest";

import { CODE_MOST, reportOf, testsFetch } from "../src/panes/code";
import { heard, tidy, type ToSandbox } from "../src/sandbox/messages";
import { LOAD_MS, OUTPUT_LIMIT, type Phase, RUN_MS, type Run, Runner, type Sandbox } from "../src/sandbox/runner";

class FakeSandbox implements Sandbox {
  sent: ToSandbox[] = [];
  isOver = false;
  onmessage: Sandbox["onmessage"] = null;
  onerror: Sandbox["onerror"] = null;
  postMessage(message: ToSandbox): void {
    this.sent.push(message);
  }
  terminate(): void {
    this.isOver = true;
  }
  says(data: unknown): void {
    this.onmessage?.({ data });
  }
}
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
};

describe("a run in the sandbox (Z1, Z2)", () => {
  let opened: FakeSandbox[];
  let phases: Phase[];
  let shown: string;
  let runner: Runner;
  let isBroken = false;
  const last = (): FakeSandbox => opened.at(-1) as FakeSandbox;
  const watching = { phase: (phase: Phase) => void phases.push(phase), output: (text: string) => void (shown = text) };
  beforeEach(() => {
    vi.useFakeTimers();
    opened = [];
    phases = [];
    shown = "";
    isBroken = false;
    runner = new Runner({
      open: () => (opened.push(new FakeSandbox()), last()),
      parts: async () => {
        if (isBroken) throw new Error("no network");
        return { wasm: new ArrayBuffer(4), stdlib: new ArrayBuffer(2) };
      },
    });
    return () => vi.useRealTimers();
  });
  async function begun(code = "print(1)", tests = ""): Promise<{ run: Promise<Run>; sandbox: FakeSandbox }> {
    const run = runner.run(code, tests, watching);
    await settle();
    const sandbox = last();
    sandbox.says({ kind: "ready" });
    await settle();
    return { run, sandbox };
  }

  it("loads, runs and tells the end, each time in a sandbox of its own", async () => {
    const { run, sandbox } = await begun("print(1)", "assert True");
    expect(sandbox.sent.map(({ kind }) => kind)).toEqual(["load", "run"]);
    expect(sandbox.sent[1]).toEqual({ kind: "run", code: "print(1)", tests: "assert True" });
    sandbox.says({ kind: "out", text: "1\n" });
    expect(shown).toBe("1\n");
    sandbox.says({ kind: "done", ok: true, tests: { passed: 1, total: 1, failed: [] } });
    expect(await run).toMatchObject({ ending: "done", ok: true, output: "1\n", isCut: false, tests: { passed: 1, total: 1, failed: [] } });
    expect(phases).toEqual(["loading", "running"]);
    expect(sandbox.isOver).toBe(true);
    await settle();
    expect(opened).toHaveLength(2); // the next one is made ready meanwhile
    expect(last().isOver).toBe(false);
  });
  it("ends what takes too long", async () => {
    const { run, sandbox } = await begun("while True: pass");
    sandbox.says({ kind: "out", text: "a" });
    vi.advanceTimersByTime(RUN_MS);
    expect(await run).toMatchObject({ ending: "time", ok: false, output: "a" });
    expect(sandbox.isOver).toBe(true);
  });
  it("is stopped by hand, while it runs and while it loads", async () => {
    const { run, sandbox } = await begun();
    runner.stop();
    expect((await run).ending).toBe("stopped");
    expect(sandbox.isOver).toBe(true);
    await settle();
    const early = runner.run("1", "", watching);
    await settle();
    runner.stop();
    last().says({ kind: "ready" });
    expect((await early).ending).toBe("stopped");
    expect(last().sent.map(({ kind }) => kind)).toEqual(["load"]);
  });
  it("cuts what is too long and hears no more of it", async () => {
    const { run, sandbox } = await begun();
    for (let turn = 0; turn < 10; turn++) sandbox.says({ kind: "out", text: "x".repeat(1000) });
    expect(shown).toHaveLength(OUTPUT_LIMIT);
    sandbox.says({ kind: "done", ok: true, tests: null });
    expect(await run).toMatchObject({ isCut: true, ok: true });
  });
  it("survives a sandbox that breaks, and one that never starts", async () => {
    const { run, sandbox } = await begun();
    sandbox.onerror?.({ message: "out of memory" });
    expect((await run).ending).toBe("broken");
    const second = runner.run("1", "", watching);
    await settle();
    vi.advanceTimersByTime(LOAD_MS);
    expect((await second).ending).toBe("broken");
    expect(last().isOver).toBe(true);
    const third = runner.run("1", "", watching);
    await settle();
    last().says({ kind: "broken", why: "no memory" });
    expect((await third).ending).toBe("broken");
    isBroken = true;
    expect((await runner.run("1", "", watching)).ending).toBe("broken");
    isBroken = false;
    expect((await begun()).sandbox.sent).toHaveLength(2);
  });
  it("leaves nothing behind when the pane is closed", async () => {
    runner.prepare();
    await settle();
    last().says({ kind: "ready" });
    runner.close();
    await settle();
    expect(last().isOver).toBe(true);
  });
  it("believes nothing that a sandbox says", async () => {
    for (const strange of [null, 7, "done", {}, { kind: "done" }, { kind: "done", ok: 1 }, { kind: "out", text: 7 }, { kind: "run" }]) expect(heard(strange)).toBeNull();
    for (const tests of [{ passed: 2, total: 1, failed: [] }, { passed: -1, total: 1, failed: [] }, { passed: 0, total: 0, failed: [] }, { passed: 0, total: 999, failed: [] }, { passed: 0, total: 1 }, "all"]) {
      expect(heard({ kind: "done", ok: true, tests })).toMatchObject({ tests: null });
    }
    const long = heard({ kind: "done", ok: false, tests: { passed: 0, total: 9, failed: Array(9).fill("x".repeat(500)) } });
    expect(long?.kind === "done" && long.tests?.failed.map(({ length }) => length)).toEqual([200, 200, 200, 200, 200]);
  });
});

describe("what a run leaves", () => {
  it("is text that can be kept", () => {
    expect(tidy("a\0b\x1b[31mred\r\n\tc\x07\r中😀\ud83d!")).toBe("ab[31mred\n\tc\n中😀\ufffd!");
    expect(tidy("😀".slice(0, 1))).toBe("\ufffd");
  });
  it("becomes a report, unless there was no run", () => {
    const run: Run = { ending: "time", ok: false, output: "1", isCut: true, tests: null, ms: 10_000 };
    expect(reportOf(run, "ab")).toEqual({ sha256: "ab", ok: false, output: "1", cut: true, ending: "time", tests: null });
    expect(reportOf({ ...run, ending: "broken" }, "ab")).toBeNull();
    expect(CODE_MOST).toBeGreaterThan(64_000);
  });
  it.each([
    [new Response('{"tests":"assert True"}'), "assert True"],
    [new Response('{"tests":7}'), null],
    [new Response("no", { status: 404 }), null],
    [new Response("not json"), null],
  ])("is tested by what the server says: %#", async (reply, tests) => {
    const fetch = vi.fn(async () => reply);
    expect(await testsFetch("r", { fetch })).toBe(tests);
    expect(fetch).toHaveBeenCalledWith("/api/rooms/r/code-tests/", expect.anything());
  });
});
