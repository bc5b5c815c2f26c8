import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Answer, FolderEvidence, Progress } from "../domain/Evidence.ts"

export class WatchError extends Schema.TaggedError<WatchError>()("WatchError", {
  folder: Schema.String,
  cause: Schema.Defect()
}) {}

export type Observation =
  | { readonly _tag: "Started" }
  | { readonly _tag: "Progress"; readonly progress: Progress }
  | { readonly _tag: "Answer"; readonly answer: Answer }

/** What the agent wrote for a task. */
export class ResultWatcher extends Context.Service<ResultWatcher, {
  /** Everything found now and from now on, each thing once; it survives lost events and a folder deleted and made again. */
  readonly watch: (work_id: string) => Stream.Stream<Observation, WatchError>
  /** Looks again at once for whoever watches the task. */
  readonly rescan: (work_id: string) => Effect.Effect<void>
  /** What the folder says right now; null where it cannot be read. */
  readonly look: (work_id: string) => Effect.Effect<FolderEvidence | null>
  /** Removes the signs of an agent that is not at work any more, so that they are not taken for those of the next. */
  readonly clear: (work_id: string) => Effect.Effect<void>
  /** Moves what there is of the task to `results/sent`, but for a success, or to `results/rejected`. */
  readonly setAside: (work_id: string, folder: "sent" | "rejected") => Effect.Effect<void>
  readonly remove: (work_id: string, keep_answer: boolean) => Effect.Effect<void>
}>()("agentcom-sidecar/ResultWatcher") {}
