import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { extname } from "node:path"
import { Worker } from "node:worker_threads"
import { reasonOf } from "../files.ts"
import { threadWorks } from "../threadsAtWork.ts"
import type { Inputs, OperationName, Results, StoreLimits } from "./operations.ts"
import { DatabaseError } from "./schema.ts"

const close_wait_ms = 500 // for the file to be closed; after that the thread is left to itself

export interface MessageWorkerData {
  readonly path: string
  readonly limits: StoreLimits
}

/** What the thread is asked. */
export interface Request<Name extends OperationName> {
  readonly id: number
  readonly name: Name
  readonly now: number
  readonly input: Inputs[Name]
}

export type Answer<Result> =
  | { readonly id: number; readonly _tag: "Done"; readonly result: Result }
  | { readonly id: number; readonly _tag: "NotDone"; readonly kind: DatabaseError["kind"]; readonly reason: string }

/** Asks the database. Once begun, an operation runs to its end, even if the effect is interrupted. */
export type Ask = <Name extends OperationName>(
  name: Name,
  input: Inputs[Name]
) => Effect.Effect<Results[Name], DatabaseError>

/** In the bundle it is a file beside this one, too. */
const workerFile = new URL(`messageWorker${extname(import.meta.url)}`, import.meta.url)

const failed = (reason: string): DatabaseError => new DatabaseError({ kind: "failed", reason })

const outcomeOf = <Result>(answer: Answer<Result>): Effect.Effect<Result, DatabaseError> =>
  answer._tag === "Done"
    ? Effect.succeed(answer.result)
    : Effect.fail(new DatabaseError({ kind: answer.kind, reason: answer.reason }))

/** Posts the request. `resume` is called once, when the thread has answered or ended. */
const post = <Name extends OperationName>(
  worker: Worker,
  request: Request<Name>,
  resume: (outcome: Effect.Effect<Results[Name], DatabaseError>) => void
): void => {
  const done = threadWorks()
  let death = "the thread that keeps it has ended"
  const settle = (outcome: Effect.Effect<Results[Name], DatabaseError>) => {
    worker.off("message", onMessage).off("error", onError).off("exit", onExit)
    done()
    resume(outcome)
  }
  const onMessage = (answer: Answer<Results[Name]>) => answer.id === request.id && settle(outcomeOf(answer))
  const onError = (cause: unknown) => {
    death = `${death}: ${reasonOf(cause)}`
  }
  const onExit = () => settle(Effect.fail(failed(death)))
  worker.on("message", onMessage).on("error", onError).on("exit", onExit)
  try {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
    worker.postMessage(request)
  } catch (cause) {
    settle(Effect.fail(failed(reasonOf(cause))))
  }
}

/** Lets the thread close its file and end. One that hangs ends when the system lets it. */
const end = (worker: Worker): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const done = threadWorks()
    worker.once("exit", () => {
      done()
      resume(Effect.void)
    })
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
    worker.postMessage("close")
  }).pipe(
    Effect.timeoutOption(close_wait_ms),
    Effect.map((ended) => {
      if (Option.isNone(ended)) void worker.terminate()
    })
  )

/**
 * The thread in which the database works, as SQLite waits for the disk and must not stop the event loop. It starts when it is first
 * asked, again after it has died, and ends with the scope. It gets the path and the limits, and none of the environment.
 */
export const makeMessageThread = Effect.fnUntraced(function*(workerData: MessageWorkerData) {
  let running: Worker | null = null
  let requests = 0

  const start = (): Worker => {
    const worker = new Worker(workerFile, { name: "messages", workerData, env: {}, argv: [], execArgv: [] })
    worker.setMaxListeners(0) // of each request that waits
    worker.unref()
    worker.on("error", () => {}) // its end tells those who wait
    worker.on("exit", () => {
      if (running === worker) running = null
    })
    return worker
  }

  const ask: Ask = <Name extends OperationName>(name: Name, input: Inputs[Name]) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.callback<Results[Name], DatabaseError>((resume) => {
        try {
          running ??= start()
        } catch (cause) {
          return resume(Effect.fail(failed(reasonOf(cause))))
        }
        post(running, { id: ++requests, name, now, input }, resume)
      }))

  yield* Effect.addFinalizer(() => running === null ? Effect.void : end(running))
  return { ask, isRunning: () => running !== null }
})
