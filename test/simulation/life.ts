import * as Effect from "effect/Effect"
import type { Strike } from "./faults.ts"
import { VirtualMachine } from "./VirtualMachine.ts"
import type { World } from "./world.ts"

/** The operations of the services, between any two of which the daemon can be killed. */
const operations = [
  "load",
  "save",
  "survivors",
  "atWork",
  "inspect",
  "task_inspection",
  "clear",
  "setAside",
  "remove",
  "forget",
  "stale",
  "expire",
  "payload",
  "spawn",
  "stop",
  "send",
  "readiness"
] as const

/** Those about messages. */
const talkOperations = [
  "open",
  "record",
  "settle",
  "know",
  "caughtUp",
  "choose",
  "begin",
  "end",
  "read",
  "isKnown",
  "queue",
  "next",
  "sending",
  "sent",
  "http",
  "since",
  "answered",
  "awaited",
  "handedOver",
  "list"
] as const
export type Operation = typeof operations[number] | typeof talkOperations[number]

/** How the daemon is to be killed at an operation. `during`: it may have been done, or not. */
interface CrashPlan {
  readonly strike: Strike
  readonly operation: Operation
  readonly nth: number
  readonly when: "before" | "during" | "after"
}

const drawPlan = ({ chance, faults, talks }: World): CrashPlan | null => {
  const strike = faults.mayStrike("crash_at_operation")
  return strike === null ? null : {
    strike,
    operation: chance.pick<Operation>("crash plan", talks ? [...operations, ...talkOperations] : operations),
    nth: chance.is("crash plan", 0.6) ? chance.between("crash plan", 1, 3) : chance.between("crash plan", 1, 15),
    when: chance.pick("crash plan", ["before", "during", "after"])
  }
}

/**
 * One life of the daemon's process: the machine it runs on, and the operations it has under way. Killed, nothing of it
 * runs any more; what the system was doing for it is done or not.
 */
export class Life extends VirtualMachine {
  readonly #world: World
  readonly #onCrash: () => void
  readonly #plan: CrashPlan | null
  readonly #counts = new Map<Operation, number>()
  readonly #underWay = new Set<() => void>()

  constructor(world: World, wall: () => number, onCrash: () => void) {
    super(world.timeline, wall)
    this.#world = world
    this.#onCrash = onCrash
    this.#plan = drawPlan(world)
  }

  override kill(): void {
    if (!this.alive) return
    super.kill()
    for (const act of this.#underWay) if (this.#world.chance.is("done at crash", 0.5)) act()
    this.#underWay.clear()
  }

  /** An operation of a service: takes its time, is done whole or not at all, and may be the last that this life does. */
  operation<A>(name: Operation, latency: number, act: () => A): Effect.Effect<A> {
    return Effect.callback<A>((resume) => this.#perform(name, latency, act, (value) => resume(Effect.succeed(value))))
  }

  #perform<A>(name: Operation, latency: number, act: () => A, done: (value: A) => void): void {
    if (!this.alive) return
    const when = this.#crashAt(name)
    if (when === "before") return this.#crash(`before ${name}`)
    const finish = () => {
      const value = act()
      if (when === "after") this.#crash(`after ${name}`)
      else if (this.alive) done(value)
    }
    if (when === "during") {
      this.#underWay.add(act)
      return this.#crash(`during ${name}`)
    }
    if (latency === 0) return finish()
    this.#underWay.add(act)
    this.later(latency, () => {
      this.#underWay.delete(act)
      finish()
    })
  }

  #crashAt(name: Operation): CrashPlan["when"] | null {
    const count = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, count)
    return this.#plan !== null && this.#plan.operation === name && this.#plan.nth === count ? this.#plan.when : null
  }

  #crash(where: string): void {
    if (this.#plan !== null) this.#world.faults.injected(this.#plan.strike)
    this.#world.note(() => `the daemon is killed ${where}`)
    this.kill()
    this.#onCrash()
  }
}
