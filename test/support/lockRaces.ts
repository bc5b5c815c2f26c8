import * as Effect from "effect/Effect"
import { until } from "./daemon.ts"
import { lockProcess, temporaryFolder } from "./lockProcesses.ts"

const holders = (said: ReadonlyArray<ReadonlyArray<string>>) => said.filter((lines) => lines.at(-1) === "held").length

/**
 * Starts so many pairs at one instant, all in one folder. Whoever of a pair has the lock keeps it for the time of some
 * attempts of the other, and then gives it up. Returns how many held it at once, and whether the other got it then, of
 * each pair.
 */
export const racedPairs = Effect.fnUntraced(function*(pairs: number) {
  const folder = yield* temporaryFolder("race")
  const both = yield* Effect.all([lockProcess(folder), lockProcess(folder)], { concurrency: 2 })
  const tally: Array<{ readonly at_once: number; readonly then: string }> = []
  for (let pair = 0; pair < pairs; pair++) {
    const at = Date.now() + 20
    for (const { tell } of both) tell(`take ${at}`)
    yield* until("one has it", () => holders(both.map(({ said }) => said)) > 0)
    yield* Effect.sleep(200)
    const at_once = holders(both.map(({ said }) => said))
    const [winner, loser] = both[0].said.at(-1) === "held" ? both : [both[1], both[0]]
    yield* winner.ask("release")
    const then = yield* until("the other has it", () => loser.said.at(-1) === "held" && "held")
    yield* loser.ask("release")
    tally.push({ at_once, then })
  }
  return tally
}, Effect.scoped)
