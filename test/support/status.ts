import type { Status } from "../../src/observe/control/protocol.ts"

/** What a running sidecar without a task says of itself. */
export const status: Status = {
  version: "1.2.3",
  agent_id: "tester",
  hub_url: "ws://hub/ws",
  pid: 4711,
  host: "here",
  pid_namespace: null,
  started_at: 0,
  now: 3_600_000,
  connection: { phase: "identified", since: 3_590_000, last_heard_at: 3_595_000 },
  task: null,
  owed: [],
  leaving: [],
  draining: false,
  not_ready: null,
  disk: "ok",
  counters: { tasks_received: 2 }
}
