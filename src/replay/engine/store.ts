import * as Effect from "effect/Effect"
import { emptyStore, type StoredState } from "../../domain/SidecarState.ts"
import { StoreError, type TaskStore } from "../../services/TaskStore.ts"
import { limits } from "../limits.ts"
import { isLocalFact } from "../LocalFact.ts"
import type { Stage } from "./Stage.ts"

const unwritable = new StoreError({
  reason: "Unwritable",
  path: "queue.json",
  cause: new Error("as the recording tells")
})

type Written = Effect.Effect<void, StoreError>

/**
 * What we owe, kept in memory. A recording does not tell when it was written, but the recorded sidecar waited for that
 * before it did anything else. It fails where the recording tells of that next.
 */
export class MemoryStore {
  stored: StoredState = emptyStore
  readonly #stage: Stage
  #done: ((written: Written) => void) | null = null

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** The recorded sidecar went on, at the latest with the line that comes next. */
  goOn(): void {
    const done = this.#done
    this.#done = null
    done?.(this.#fails ? unwritable : Effect.void)
  }

  get isWriting(): boolean {
    return this.#done !== null
  }

  /** Whoever waited is no more. */
  lifeOver(): void {
    this.#done = null
  }

  /** Whether the next fact that the recorded sidecar handled was the failure of this write. */
  get #fails(): boolean {
    for (const one of this.#stage.window.entries()) {
      if (one.dir !== "local" || !("msg" in one)) continue
      if (isLocalFact(one.msg)) return one.msg._tag === "SaveFailed"
      if (one.msg._tag === "Decided" && one.msg.on !== undefined) return false
    }
    return false
  }

  get #isSlow(): boolean {
    const { isImprovised, scripted, steady, window } = this.#stage
    if (!scripted || isImprovised) return false
    return window.doing === undefined
      ? window.next !== undefined
      : window.timeOfDoing <= steady + limits.save_ms
  }

  readonly service: TaskStore["Service"] = {
    load: Effect.sync(() => this.stored),
    save: (state) =>
      Effect.suspend((): Written => {
        const keep = Effect.sync(() => void (this.stored = state))
        if (!this.#isSlow) return keep
        const written = Effect.callback<void, StoreError>((resume) => {
          this.#done = resume
        })
        return Effect.andThen(written, keep)
      })
  }
}
