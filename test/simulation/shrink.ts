import { kindOf } from "./faults.ts"
import { type Outcome, play } from "./run.ts"

/** How often a smaller run is looked for, at most. */
const max_attempts = 400

/** What kind of violation it is: its text without ids and numbers. */
const signatureOf = (violation: string | null): string => (violation ?? "").replaceAll(/task-[0-9a-f]+|\d+/g, "#")

/** The same violation with as few faults as leaving out one after the other leads to, and its journal. */
export const shrink = (seed: number): Outcome => {
  let smallest = play({ seed })
  const signature = signatureOf(smallest.violation)
  let without: ReadonlySet<string> = new Set()
  let attempts = 0
  const leaveOut = (id: string): boolean => {
    if (attempts++ >= max_attempts) return false
    const fewer = new Set([...without, id])
    const outcome = play({ seed, without: fewer })
    if (signatureOf(outcome.violation) !== signature || outcome.hits.length >= smallest.hits.length) return false
    without = fewer
    smallest = outcome
    return true
  }
  for (const kind of new Set(smallest.hits.map(kindOf))) leaveOut(kind)
  for (let smaller = true; smaller;) {
    smaller = false
    for (const id of smallest.hits.toReversed()) if (leaveOut(id)) smaller = true
  }
  return play({ seed, without, traced: true })
}
