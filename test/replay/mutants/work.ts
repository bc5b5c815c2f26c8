import { fork } from "node:child_process"
import { once } from "node:events"
import type { Likeness } from "./judge.ts"

/** A mutant and the recordings to judge it by. */
export interface Task {
  readonly index: number
  readonly names: ReadonlyArray<string>
}

/** In place of a mutant: asks which mutants the recordings evaluate. */
export const exercise = -1

/**
 * The fate of a mutant in a session that evaluates it. `alike`: it takes every step alike, so no replay can show it;
 * `shown`: the replay differs; others: it takes steps otherwise, and the replay does not differ.
 */
export type Fate = Likeness | "shown"

/** Fates by the name of the recording. */
export type Fates = Readonly<Record<string, Fate>>

/** The mutants that each recording evaluates, by the name of the recording. */
export type Exercised = Readonly<Record<string, ReadonlyArray<number>>>

const longest_ms = 60_000 // of a task; one that takes longer never ends
const tasks_a_worker = 60 // then its memory is given back

const begin = async () => {
  const child = fork("test/replay/mutants/worker.ts", { execArgv: ["--disable-warning=ExperimentalWarning"] })
  const exit = once(child, "exit").then(() => undefined)
  await Promise.race([once(child, "message"), exit])
  return {
    /** The answer; undefined if there is none. */
    ask: async <A>(task: Task): Promise<A | undefined> => {
      if (!child.connected) return undefined
      child.send(task)
      const late = Promise.withResolvers<undefined>()
      const timer = setTimeout(() => late.resolve(undefined), longest_ms)
      const answer = once(child, "message").then(([value]: ReadonlyArray<A>) => value)
      return await Promise.race([answer, exit, late.promise]).finally(() => clearTimeout(timer))
    },
    end: async () => {
      child.kill("SIGKILL")
      await exit
    }
  }
}

/** Runs the tasks one after the other, in one process after the other. `told` gets undefined for a task that never ends. */
export const work = async <A>(
  tasks: Array<Task>,
  told: (task: Task, answer: A | undefined) => void
): Promise<void> => {
  while (tasks.length > 0) {
    const worker = await begin()
    for (let done = 0; done < tasks_a_worker; done++) {
      const task = tasks.shift()
      if (task === undefined) break
      const answer = await worker.ask<A>(task)
      told(task, answer)
      if (answer === undefined) break
    }
    await worker.end()
  }
}
