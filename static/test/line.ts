import { beforeEach } from "vitest";

import { Connection, type Status } from "../src/connection";
import type { Received } from "../src/frames";
import type { Cursor, Kind } from "../src/transports";
import { FakeBrowser, FakeStore } from "./browser";
import { hello, ROOM, snapshot } from "./samples";

// A connection in a browser of our own, and what the page would see of it. New for each test of whoever imports this.

export let browser: FakeBrowser;
export let store: FakeStore;
export let frames: Received[];
export let status: Status;
let cursor: Cursor;

beforeEach(() => {
  browser = new FakeBrowser();
  store = new FakeStore();
  frames = [];
  cursor = { after: null, epoch: null };
});

/** Where the page stands in the log from now on. */
export function standsAt(after: number, epoch = "e"): void {
  cursor = { after, epoch };
}

export function connect(forced: Kind | null = null): Connection {
  const connection = new Connection({
    room: ROOM, env: browser.env, store, forced, cursor: () => cursor,
    onFrame: (one) => void frames.push(one),
    onStatus: (now) => (status = now),
  });
  connection.start();
  return connection;
}

export async function live(): Promise<Connection> {
  const connection = connect();
  await browser.settle();
  browser.socket.gives(hello());
  browser.socket.gives(snapshot(5));
  return connection;
}
