import { domainLimits } from "../../src/domain/limits.ts"
import type { World } from "./world.ts"

/** The agent's progress: what has been seen of it and what the hub was told. */
export class ProgressBook {
  /** How often the hub was told anything. */
  sent = 0
  readonly #world: World
  #owed: { readonly task_id: string; readonly at: number } | null = null
  #last: { readonly task_id: string; readonly at: number; readonly clock_offset: number } | null = null

  constructor(world: World) {
    this.#world = world
  }

  forget(): void {
    this.#owed = null
    this.#last = null
  }

  /** What there is to relay of the task. */
  owed(task_id: string): string | null {
    return this.#owed?.task_id === task_id ? `${task_id} since ${this.#owed.at}` : null
  }

  seen(task_id: string): void {
    this.#owed = { task_id, at: this.#world.now }
  }

  /** A task is taken anew: nothing of what was before concerns it. */
  taken(task_id: string): void {
    if (this.#owed?.task_id === task_id) this.#owed = null
    this.#last = null
  }

  /** The sidecar has relayed it, if only into a connection that is gone: it owes nothing more. */
  relayed(task_id: string): void {
    if (this.#owed?.task_id === task_id) this.#owed = null
  }

  told(task_id: string, progress: number | null): void {
    this.sent++
    if (progress === null) return
    const { clock_offset, now } = this.#world
    const last = this.#last
    if (
      last !== null && last.task_id === task_id && last.clock_offset === clock_offset &&
      now - last.at < domainLimits.progress_interval_ms - 1
    ) this.#world.violate(`the progress of ${task_id} is relayed twice within ${now - last.at} ms`)
    this.#last = { task_id, at: now, clock_offset }
  }
}
