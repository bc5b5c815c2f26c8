import type { Obstacle } from "../../src/domain/Readiness.ts"
import type { Step } from "../../src/services/Observer.ts"
import type { ReadinessChecks } from "../../src/services/Readiness.ts"
import { quick } from "./latency.ts"
import type { Life } from "./life.ts"
import type { World } from "./world.ts"

const missing: Obstacle = { cause: "program", reason: "there is no program agent" }

/** The program of the wake command, which somebody may take away for a while. */
export class Program {
  /** Until when it is not there; virtual milliseconds. */
  missing_until = 0
  readonly #world: World
  readonly #given_back = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  get isMissing(): boolean {
    return this.missing_until > this.#world.now
  }

  /** What was given back is not woken for again before it is assigned again, and no task is taken by who is not ready. */
  taken({ after, before, commands, message }: Step): void {
    const [was, is] = [before.stored.task, after.stored.task]
    const { not_ready } = before.readiness
    // What was assigned in a step that a crash cut off is found at the restart.
    if (message._tag === "Restarted" && is !== null) this.#given_back.delete(is.id)
    if (message._tag === "TaskAssigned" && is !== null && was?.id !== is.id) {
      this.#given_back.delete(is.id)
      if (not_ready !== null) this.#world.violate(`${is.id} is taken though we are not ready: ${not_ready.cause}`)
    }
    for (const command of commands) {
      if (command._tag === "Log" && command.event.event === "task_given_back") {
        this.#world.reached("task given back")
        this.#given_back.add(command.event.task_id)
      }
      if (command._tag === "Log" && command.event.event === "not_ready") {
        this.#world.reached(`not ready: ${command.event.cause}`)
      }
      if (command._tag === "WakeAgent" && this.#given_back.has(command.work.id)) {
        this.#world.violate(`${command.work.id} is woken for though it was given back`)
      }
      if (command._tag === "SendReport" && this.#given_back.has(command.task.id)) {
        this.#world.violate(`${command.task.id} is reported though it was given back`)
      }
    }
  }
}

export const makeReadiness = (life: Life, world: World, program: Program): ReadinessChecks => ({
  check: () =>
    life.operation("readiness", quick(world), () => ({ obstacle: program.isMissing ? missing : null, programs: "" }))
})
