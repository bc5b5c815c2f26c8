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

/** What the agent wrote for a task or a batch. */
export class ResultWatcher extends Context.Service<ResultWatcher, {
  /** Everything found now and later, each thing once. It survives lost events, and a folder that is deleted and made again. */
  readonly watch: (work_id: string) => Stream.Stream<Observation, WatchError>
  /** Reads the folder again at once, for the watch of that work. */
  readonly rescan: (work_id: string) => Effect.Effect<void>
  /** What the folder says now; null if it cannot be read. */
  readonly look: (work_id: string) => Effect.Effect<FolderEvidence | null>
  /** Removes the signs of life of an agent that is gone, so that they do not count for the next one. */
  readonly clear: (work_id: string) => Effect.Effect<void>
  /** Moves the files to `results/sent` (a success stays where it is) or to `results/rejected`. */
  readonly setAside: (work_id: string, folder: "sent" | "rejected") => Effect.Effect<void>
  readonly remove: (work_id: string, keep_answer: boolean) => Effect.Effect<void>
}>()("agentcom-sidecar/ResultWatcher") {}
