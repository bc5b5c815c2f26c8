import * as Option from "effect/Option"
import { type JsonObject, parseJson } from "../../../src/dev/json.ts"
import type { Line } from "./lines.ts"
import type { Action, Script } from "./script.ts"
import type { Stage } from "./stage.ts"

/** A probe that is being played. */
export interface Player {
  readonly stage: Stage
  readonly script: Script
  readonly pending: Array<Action>
  readonly problems: Array<string>
  /** All frames that a socket got, as far as they have been looked at. */
  readonly got: Map<string, Array<JsonObject>>
  /** The types of frames that lines may leave out. */
  readonly hidden: ReadonlySet<string>
}

export const complain = (player: Player, line: Line, found: unknown, ...why: ReadonlyArray<string>): void => {
  player.problems.push(`${line.text}\n  came as ${JSON.stringify(found)}\n  ${why.join("\n  ")}`)
}

/** What a line shows; undefined if it is cut short. */
export const decoded = (payload: string): unknown => Option.getOrUndefined(parseJson(payload))
