import type { Command, HubCommand } from "../../src/domain/Command.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import { domainLimits } from "../../src/domain/limits.ts"
import type { Message } from "../../src/domain/Message.ts"
import type { Step } from "../../src/services/Observer.ts"
import type { World } from "./world.ts"

/** What the hub has said on this connection about whose the task is, and what may be done upon it. */
export class Standing {
  readonly #world: World
  #ours: string | null = null
  #denied: { readonly task_id: string; readonly at: number } | null = null
  readonly #failedUnder = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  forget(): void {
    this.#ours = null
    this.#denied = null
  }

  taken(step: Step, now: number): void {
    this.#hear(step, now)
    for (const command of step.commands) this.#judge(command, step, now)
    if (step.message._tag === "TaskAssigned") this.#judgeRefusal(step.message.task.task_id, step)
    const taken = step.after.stored.task?.id
    if (step.before.draining !== null && taken !== undefined && taken !== step.before.stored.task?.id) {
      this.#world.violate(`${taken} is taken by a daemon that is to end`)
    }
  }

  /** What we are too busy for is refused, where the hub takes that. */
  #judgeRefusal(task_id: string, { after, commands }: Step): void {
    const { connection: { in_flight, pending, refused_frames } } = after
    const held = after.stored.task
    if (held === null || held.id === task_id || refused_frames.includes("reject")) return
    const isMeant = (exchange: { readonly kind: string; readonly task_id: string | null } | null) =>
      exchange?.kind === "reject" && exchange.task_id === task_id
    const isSaid = isMeant(in_flight) || pending.some(isMeant) || pending.length >= domainLimits.pending_exchanges ||
      commands.some((command) => command._tag === "RejectTask" && command.task_id === task_id)
    if (!isSaid) this.#world.violate(`${task_id} is refused and the hub is not told`)
  }

  #hear({ after, message }: Step, now: number): void {
    const held = after.stored.task
    switch (message._tag) {
      case "Connected":
      case "Disconnected":
        return this.forget()
      case "TaskAssigned":
        return held?.id === message.task.task_id ? this.#isOurs(held.id) : undefined
      case "TaskReassigned":
        return this.#isDenied(message.task_id, now)
      case "TaskContinued":
        return held?.generation === message.generation
          ? this.#isOurs(message.task_id)
          : this.#isDenied(message.task_id, now)
      case "StateReportAnswered":
        return message.action === "continue"
          ? this.#isOurs(message.task_id)
          : this.#isDenied(message.task_id, now)
    }
  }

  #isOurs(task_id: string): void {
    this.#ours = task_id
    this.#denied = null
  }

  /** An assignment in between has settled it. */
  #isDenied(task_id: string, at: number): void {
    if (this.#ours !== task_id) this.#denied ??= { task_id, at }
  }

  #judge(command: Command, { message }: Step, now: number): void {
    const world = this.#world
    if (command._tag === "WakeAgent" && this.#denied?.task_id === command.work.id) {
      world.violate(`${command.work.id} is woken although the hub has just said that it is not ours`)
    }
    if (command._tag === "SendReport" && this.#ours !== command.task.id) {
      world.violate(`${command.task.id} is reported before the hub has said that it is ours`)
    }
    if (command._tag === "Log" && command.event.event === "recovery_settled") this.#settled(command.event, message, now)
  }

  #settled(
    { outcome, task_id }: Extract<LifecycleEvent, { readonly event: "recovery_settled" }>,
    message: Message,
    now: number
  ): void {
    if (outcome === "ours") return
    if (this.#denied?.task_id === task_id && now - this.#denied.at < domainLimits.assign_grace_ms) {
      this.#world.violate(`${task_id} is given up before it could be assigned anew`)
    }
    if (message._tag === "TaskLookedUp" && message.location !== "elsewhere") {
      this.#world.violate(`${task_id} is let go of though it is ${message.location} at the hub`)
    }
  }

  /** A failure is the end of that assignment: nothing else is reported under it. */
  sent(command: HubCommand): void {
    if (command._tag !== "SendReport") return
    const { report, task: { generation, id: task_id } } = command
    if (report._tag === "Failed") this.#failedUnder.set(task_id, generation)
    else if (this.#failedUnder.get(task_id) === generation) {
      this.#world.violate(`${task_id} is reported complete under g${generation}, which was reported failed`)
    }
  }
}
