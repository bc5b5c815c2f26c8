import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Command } from "../domain/Command.ts"
import type { Message } from "../domain/Message.ts"
import type { SidecarState } from "../domain/SidecarState.ts"

/** One step of the actor, before it is saved and its commands are run. `at` is in epoch milliseconds. */
export interface Step {
  readonly at: number
  readonly message: Message
  readonly before: SidecarState
  readonly after: SidecarState
  readonly commands: ReadonlyArray<Command>
}

/** Something that went into the sidecar or came out of it. Frames are as the socket had them, the token among them. */
export type Sight =
  | { readonly _tag: "FrameIn"; readonly text: string }
  | { readonly _tag: "BinaryIn"; readonly bytes: number }
  | { readonly _tag: "FrameOut"; readonly text: string }
  | { readonly _tag: "FrameUnsendable"; readonly type: string } // by its command's name; the rules hear of a refusal
  | { readonly _tag: "Opened" } // a connection: what is sent goes to it, and the rules hear of it later
  | { readonly _tag: "Closed" } // the connection: what is sent goes nowhere, and the rules hear of it later
  | { readonly _tag: "Stepped"; readonly step: Step }

/** Sees everything that the sidecar's doings depend on, in order, and must neither fail nor wait. Nobody looks unless someone is asked to. */
export const Witness: Context.Reference<(sight: Sight) => Effect.Effect<void>> = Context.Reference<
  (sight: Sight) => Effect.Effect<void>
>(
  "agentcom-sidecar/Witness",
  { defaultValue: () => () => Effect.void }
)
