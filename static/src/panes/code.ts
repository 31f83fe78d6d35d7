// What goes out of the code pane, and the tests that come in. Pure but for one request.

import type { Report } from "../runs";
import type { Run } from "../sandbox/runner";
import type { Env } from "../transports";

/** More than the document may hold: whoever gets round the editor still waits for nothing. */
export const CODE_MOST = 200_000;

/** What the room is told of a run; null where there was none. */
export function reportOf(run: Run, sha256: string): Report | null {
  if (run.ending === "broken") return null;
  return { sha256, ok: run.ok && run.ending === "done", output: run.output, cut: run.isCut, ending: run.ending, tests: run.tests };
}

/** The tests of the room's problem; null where the server did not say. */
export async function testsFetch(room: string, env: Pick<Env, "fetch">): Promise<string | null> {
  try {
    const reply = await env.fetch(`/api/rooms/${room}/code-tests/`, { credentials: "same-origin", headers: { Accept: "application/json" } });
    const found = reply.ok ? ((await reply.json()) as { tests?: unknown }) : {};
    return typeof found.tests === "string" ? found.tests : null;
  } catch {
    return null;
  }
}
