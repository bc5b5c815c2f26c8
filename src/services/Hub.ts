import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { HubCommand } from "../domain/Command.ts"
import type { HubMessage, TaskLocation } from "../domain/Message.ts"

/** The connection to the hub. It never fails: a break is a `Disconnected` message and the next attempt. */
export class Hub extends Context.Service<Hub, {
  /** Running this stream keeps the connection; interrupting it closes the socket with 1000. One run at a time. */
  readonly messages: Stream.Stream<HubMessage>
  /** Sends one frame. Without a connection it does nothing: the `Disconnected` message says so already. */
  readonly send: (command: HubCommand) => Effect.Effect<void>
  /** Closes the connection and lets the schedule open the next one. */
  readonly reconnect: (reason: string) => Effect.Effect<void>
  /** Asks the hub's HTTP interface where a task is. */
  readonly lookUp: (task_id: string) => Effect.Effect<TaskLocation>
}>()("agentcom-sidecar/Hub") {}
