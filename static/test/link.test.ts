// @vitest-environment node
import { afterEach, describe, expect, it, vi } from "vitest";

import { sessionStore } from "../src/keeper";
import { forcedKind } from "../src/room/link";

afterEach(() => void vi.unstubAllGlobals());

describe("the link to the browser", () => {
  it.each([["?transport=sse", "sse"], ["?transport=poll&x=1", "poll"], ["?transport=socket", "socket"], ["?transport=pigeon", null], ["", null]])("%s forces %s", (search, kind) => expect(forcedKind(search)).toBe(kind));
  it("lives without a session store", () => {
    vi.stubGlobal("sessionStorage", undefined);
    expect(sessionStore()).toBeUndefined();
  });
});
