import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Command } from "../domain/Command.ts"
import type { Message } from "../domain/Message.ts"
import type { SidecarState } from "../domain/SidecarState.ts"

/**
 * One step that the actor has taken, before its commands run. `saved` is false if its state could not be saved; then rule 12
 * decided `after` and `commands`. `at` is in epoch milliseconds.
 */
export interface Step {
  readonly at: number
  readonly message: Message
  readonly before: SidecarState
  readonly after: SidecarState
  readonly commands: ReadonlyArray<Command>
  readonly saved: boolean
}

/** Something that went into the sidecar or came out of it. Frames are as the socket had them, including the token. */
export type ActorEvent =
  | { readonly _tag: "FrameIn"; readonly text: string }
  | { readonly _tag: "BinaryIn"; readonly bytes: number }
  | { readonly _tag: "FrameOut"; readonly text: string }
  | { readonly _tag: "Stepped"; readonly step: Step }

/** Is told of every event in order. It must neither fail nor wait. By default nobody observes. */
export const Observer: Context.Reference<(event: ActorEvent) => Effect.Effect<void>> = Context.Reference<
  (event: ActorEvent) => Effect.Effect<void>
>(
  "agentcom-sidecar/Observer",
  { defaultValue: () => () => Effect.void }
)
