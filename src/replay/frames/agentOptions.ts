import * as Result from "effect/Result"

/**
 * What stands in for an agent that the recording says nothing of. `null` leaves it to the frames: what the recorded
 * sidecar told the hub of the agent is what the agent does, at that time. Times are in milliseconds from the wake.
 */
export interface AgentOptions {
  readonly confirms_after: number | "never" | null
  readonly works: number | null
  /** Other than 0: the command ends with it, without an answer. */
  readonly exits: number | null
}

export const asRecorded: AgentOptions = { confirms_after: null, works: null, exits: null }

const shape = /^(?:(confirms-after)=(\d{1,9}|never)|(works)=(\d{1,9})|(exits)=(\d{1,3}))$/

/** Reads `confirms-after=MS|never,works=MS,exits=CODE`, each at most once; fails with what is wrong. */
export const parseAgent = (text: string): Result.Result<AgentOptions, string> => {
  let options = asRecorded
  for (const part of text.split(",")) {
    const [, confirms, after, works, ms, exits, code] = shape.exec(part) ?? []
    if (confirms !== undefined) options = { ...options, confirms_after: after === "never" ? after : Number(after) }
    else if (works !== undefined) options = { ...options, works: Number(ms) }
    else if (exits !== undefined && Number(code) <= 255) options = { ...options, exits: Number(code) }
    else return Result.fail(`${part} is none of confirms-after=MS, confirms-after=never, works=MS, exits=CODE`)
  }
  return Result.succeed(options)
}
