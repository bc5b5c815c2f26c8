import * as Effect from "effect/Effect"
import { isJsonObject, type JsonObject } from "../../../src/dev/json.ts"
import type { HttpLine, Line } from "./lines.ts"
import { complain, decoded, type Player } from "./player.ts"
import { NO_TOKEN } from "./stage.ts"

/** The path with the times and sequence numbers of this run. All probes ask from their own beginning. */
const ofThisRun = ({ stage: { ids, start } }: Player, path: string): string =>
  ids.translateText(path)
    .replace(/start_time=\d+/, `start_time=${start}`)
    .replace(/(since|cursor)=(\d+)/, (_, name: string, seq: string) => `${name}=${ids.translateNumber(Number(seq))}`)

/** Whose token a call has. A mailbox is asked for with its agent's. */
const callerOf = ({ script }: Player, { path, status, text }: HttpLine & Line): string | undefined => {
  if (status === 401) return NO_TOKEN
  const action = script.actions.find(({ line }) => line !== undefined && text.startsWith(line))
  return action?.token ?? /^\/api\/mailbox\/([^/?]+)/.exec(path)?.[1] ?? script.caller
}

/** A page of the history in the words of a probe: `count 2 cursor 7 ["first","second"]`. */
const page = (outcome: string): JsonObject | undefined => {
  const [, count, cursor, texts = ""] = /^count (\d+) cursor (\d+) (\[.*\])$/.exec(outcome) ?? []
  return count === undefined ? undefined : { count: Number(count), cursor: Number(cursor), messages: decoded(texts) }
}

const asPage = (body: JsonObject): JsonObject => ({
  ...body,
  messages: Array.isArray(body["messages"]) ? body["messages"].map(({ payload }) => payload.n) : []
})

/** Repeats a call. The end of its line, if it is not cut short, is the body. */
export const ask = (player: Player, line: HttpLine & Line) =>
  Effect.gen(function*() {
    const { body } = line
    const { ids } = player.stage
    const response = yield* player.stage.call(line.method, ofThisRun(player, line.path), {
      token: callerOf(player, line),
      ...(body === undefined ? {} : { body: ids.translate(decoded(body)) })
    })
    const summary = page(line.outcome)
    const wanted = summary ?? decoded(line.outcome)
    const found = summary === undefined ? response.body : asPage(response.body)
    const differences = isJsonObject(wanted) ? ids.differences(wanted, found) : []
    if (response.status !== line.status || differences.length > 0) complain(player, line, response, ...differences)
  })
