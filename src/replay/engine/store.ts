import * as Effect from "effect/Effect"
import { emptyStore, type StoredState } from "../../domain/SidecarState.ts"
import { StoreError, type TaskStore } from "../../services/TaskStore.ts"
import type { Stage } from "./Stage.ts"

const unwritable = new StoreError({
  reason: "Unwritable",
  path: "queue.json",
  cause: new Error("as the recording tells")
})

/** What we owe, kept in memory. Writing it fails where the recording tells of that next. */
export class MemoryStore {
  stored: StoredState = emptyStore
  readonly #stage: Stage

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Whether the next thing that the recorded sidecar handled was the failure of this write. */
  get #fails(): boolean {
    for (const entry of this.#stage.window.entries()) {
      if (entry.dir === "in" && !("msg" in entry && entry.msg["type"] === "pong")) return false
      if (entry.dir === "local" && "msg" in entry && entry.msg._tag !== "Decided") {
        return entry.msg._tag === "SaveFailed"
      }
    }
    return false
  }

  readonly service: TaskStore["Service"] = {
    load: Effect.sync(() => this.stored),
    save: (state) =>
      Effect.suspend(() => {
        if (this.#stage.scripted && this.#fails) return unwritable
        this.stored = state
        return Effect.void
      })
  }
}
