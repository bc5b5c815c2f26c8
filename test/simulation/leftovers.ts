import type { SidecarState } from "../../src/domain/SidecarState.ts"
import type { Step } from "../../src/services/Observer.ts"
import type { FileKind, Folder } from "./folder.ts"

const signs: ReadonlyArray<FileKind> = ["started", "progress"]
const all: ReadonlyArray<FileKind> = ["started", "progress", "json"]

const isTerminating = ({ slots }: SidecarState, id: string): boolean =>
  slots.task.terminating.some(({ work_id }) => work_id === id)

/** The files that are to be removed, as the task they belong to is over for good. */
export class Leftovers {
  readonly #folder: Folder
  readonly #owed = new Map<string, ReadonlyArray<FileKind>>()

  constructor(folder: Folder) {
    this.#folder = folder
  }

  /** What a daemon that ends does not remove any more stays until it is swept. */
  forget(): void {
    this.#owed.clear()
  }

  taken({ after, before, message }: Step): void {
    const held = before.stored.task
    if (message._tag === "TaskAcknowledged" && held?.id === message.task_id && after.stored.task === null) {
      this.#owed.set(message.task_id, held.failure === null ? all : signs)
    }
    if (message._tag === "TaskCancelled") {
      const { task_id } = message
      if (held?.id === task_id || isTerminating(before, task_id)) this.#owed.set(task_id, all)
    }
    const taken = after.stored.task
    if (taken !== null) this.#owed.delete(taken.id)
  }

  /** An agent that no signal reaches has written them since. */
  writtenFromBeyond(task_id: string): void {
    this.#owed.delete(task_id)
  }

  /** The first that is still there. */
  get first(): string | null {
    for (const [task_id, kinds] of this.#owed) {
      const kind = kinds.find((one) => this.#folder.get(task_id, one) !== undefined)
      if (kind !== undefined) return `${task_id}.${kind}`
    }
    return null
  }
}
