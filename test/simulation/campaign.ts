import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import { kindOf } from "./faults.ts"
import { play } from "./run.ts"

const seeds_per_batch = 100

export interface Failure {
  readonly seed: number
  readonly violation: string
}

/** What a number of runs came to. */
export interface Tally {
  readonly runs: number
  readonly failures: ReadonlyArray<Failure>
  readonly injected: Readonly<Record<string, number>>
  readonly situations: Readonly<Record<string, number>>
  readonly virtual_ms: number
}

export interface Batch {
  readonly from: number
  readonly runs: number
}

const count = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1
}

const added = (a: Tally["injected"], b: Tally["injected"]): Tally["injected"] => {
  const whole = { ...a }
  for (const [name, times] of Object.entries(b)) whole[name] = (whole[name] ?? 0) + times
  return whole
}

/** Plays the seeds `from … from + runs − 1`, one after the other. */
export const playBatch = ({ from, runs }: Batch): Tally => {
  const failures: Array<Failure> = []
  const injected: Record<string, number> = {}
  const situations: Record<string, number> = {}
  let virtual_ms = 0
  for (let seed = from; seed < from + runs; seed++) {
    const outcome = play({ seed })
    virtual_ms += outcome.virtual_ms
    if (outcome.violation !== null) failures.push({ seed, violation: outcome.violation })
    for (const id of outcome.hits) count(injected, kindOf(id))
    for (const situation of outcome.situations) count(situations, situation)
  }
  return { runs, failures, injected, situations, virtual_ms }
}

export const nothingPlayed: Tally = { runs: 0, failures: [], injected: {}, situations: {}, virtual_ms: 0 }

const sum = (a: Tally, b: Tally): Tally => ({
  runs: a.runs + b.runs,
  failures: [...a.failures, ...b.failures].toSorted((one, other) => one.seed - other.seed),
  injected: added(a.injected, b.injected),
  situations: added(a.situations, b.situations),
  virtual_ms: a.virtual_ms + b.virtual_ms
})

const isTally = (value: unknown): value is Tally => typeof value === "object" && value !== null && "failures" in value

/** Plays the runs on all cores. */
export const campaign = async ({ from, runs }: Batch): Promise<Tally> => {
  const batches: Array<Batch> = []
  for (let done = 0; done < runs; done += seeds_per_batch) {
    batches.push({ from: from + done, runs: Math.min(seeds_per_batch, runs - done) })
  }
  const workers = Math.min(availableParallelism(), batches.length)
  let tally = nothingPlayed
  await Promise.all(Array.from({ length: workers }, () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL("worker.ts", import.meta.url))
      const next = () => {
        const batch = batches.shift()
        if (batch === undefined) void worker.terminate().then(() => resolve(), reject)
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
        else worker.postMessage(batch)
      }
      worker.on("error", reject)
      worker.on("message", (message: unknown) => {
        if (isTally(message)) tally = sum(tally, message)
        next()
      })
      next()
    })))
  return tally
}
