import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import type { Message } from "../../domain/Message.ts"
import type { Policy, SidecarState } from "../../domain/SidecarState.ts"
import type { Hub } from "../../services/Hub.ts"
import { Logger } from "../../services/Logger.ts"
import { Operator } from "../../services/Operator.ts"
import { Orphans } from "../../services/Orphans.ts"
import type { ResultWatcher } from "../../services/ResultWatcher.ts"
import type { TaskStore } from "../../services/TaskStore.ts"
import type { Waker } from "../../services/Waker.ts"
import { type Sight, Witness } from "../../services/Witness.ts"
import { limits } from "../limits.ts"
import { VirtualMachine } from "../virtual/VirtualMachine.ts"
import type { Sleepers } from "./Sleepers.ts"
import type { Stage } from "./Stage.ts"

type Services = Hub | TaskStore | Waker | ResultWatcher | Logger

/** The sidecar that is replayed: the one that runs in production, which `replay` may not import. */
export type RunSidecar = (policy: Policy, known?: SidecarState) => Effect.Effect<0 | 75, unknown, Services>

export interface LifeParts {
  readonly stage: Stage
  readonly sleepers: Sleepers
  readonly services: Context.Context<Exclude<Services, Logger>>
  /** What the life stands at, where its beginning was not recorded. */
  readonly known: SidecarState | undefined
  readonly witness: (sight: Sight) => Effect.Effect<void>
  readonly ended: () => void
}

/** One life of the daemon in virtual time. */
export class Life {
  readonly #machine: VirtualMachine
  #ask: (message: Message) => void = () => undefined

  constructor(run: RunSidecar, policy: Policy, { ended, known, services, sleepers, stage, witness }: LifeParts) {
    const wall = () => Math.floor(stage.wall())
    this.#machine = new VirtualMachine(stage.timeline, wall, sleepers.sleep)
    const operator = Stream.callback<Message>((queue) =>
      Effect.callback<never>(() => {
        this.#ask = (message) => void Queue.offerUnsafe(queue, message)
      }), { bufferSize: limits.hub_messages, strategy: "dropping" })
    const context = services.pipe(
      Context.add(Logger, { log: (log) => Effect.sync(() => stage.tell({ kind: "log", log })) }),
      Context.add(Witness, witness),
      Context.add(Operator, Effect.succeed(operator)),
      Context.add(Orphans, {
        stale: Effect.succeed([]),
        expire: (task_id) =>
          Effect.sync(() => stage.tell({ kind: "action", action: "expire", task_id, verdict: "same" }))
      }),
      Context.add(Clock.Clock, this.#machine.clock),
      Context.add(Scheduler.Scheduler, this.#machine.scheduler)
    )
    const fiber = Effect.runForkWith(context)(run(policy, known))
    fiber.addObserver((exit) => {
      if (!this.#machine.alive) return
      stage.tell({
        kind: "life",
        life: stage.lives,
        phase: "ends",
        exit_code: Exit.isSuccess(exit) ? exit.value : null,
        failed: Exit.isSuccess(exit) ? null : Cause.pretty(exit.cause)
      })
      ended()
    })
  }

  /** Tells the sidecar what nothing that it did has led to: an operator asks something, files nobody came back for are found. */
  ask(message: Message): void {
    this.#ask(message)
  }

  drain(): void {
    this.#machine.drain()
  }

  kill(): void {
    this.#machine.kill()
  }
}
