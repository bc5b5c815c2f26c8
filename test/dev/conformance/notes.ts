import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import { isJsonObject, type JsonObject } from "../../../src/dev/json.ts"
import type { Line } from "./lines.ts"
import { complain, decoded, type Player } from "./player.ts"
import type { Action } from "./script.ts"

type Check = (player: Player, about: string, outcome: string) => Effect.Effect<unknown, unknown>

const presenceOf = (player: Player, agentId: string) =>
  Effect.map(player.stage.call("GET", "/api/agents"), ({ body }): JsonObject | undefined => {
    const agents: ReadonlyArray<unknown> = Array.isArray(body["agents"]) ? body["agents"] : []
    return agents.filter(isJsonObject).find((agent) => agent["agent_id"] === agentId)
  })

const countOf = (items: ReadonlyArray<unknown>, wanted: unknown): number => items.filter((one) => one === wanted).length

const gotBy = (player: Player, socket: string): ReadonlyArray<JsonObject> => player.got.get(socket) ?? []

/** Each kind of check: returns what is true now, to be compared with what the line says. */
const checks = {
  copies: (player, socket) => {
    const ids = gotBy(player, socket).filter(({ type }) => type === "message").map(({ id }) => id)
    return Effect.succeed(String(Math.max(0, ...ids.map((id) => countOf(ids, id)))))
  },
  listed: (player, agentId) => Effect.map(presenceOf(player, agentId), (agent) => String(agent !== undefined)),
  phase: (player, agentId) => Effect.map(presenceOf(player, agentId), (agent) => agent?.["fsm_state"]),
  says: (player, agentId) => Effect.map(presenceOf(player, agentId), (agent) => JSON.stringify(agent?.["status"])),
  task: (player, id) => Effect.sync(() => player.stage.hub.task(player.stage.ids.translateText(id))?.status),
  counts: (player, socket, outcome) =>
    Effect.sync(() => {
      const types = gotBy(player, socket).map(({ type }) => type)
      return outcome.replaceAll(/([a-z]+_[a-z]+)(\D*) \d+/g, (_, type: string, words: string) =>
        `${type}${words} ${countOf(types, type)}`)
    }),
  mailbox: (player, agentId) =>
    Effect.map(
      player.stage.call("GET", `/api/mailbox/${agentId}`, { token: agentId }),
      ({ body }) =>
        JSON.stringify(Array.isArray(body["messages"]) ? body["messages"].map(({ payload }) => payload) : [])
    )
} as const satisfies Record<string, Check>

/** What the line of an action checks, and of what; undefined if the action does something instead. */
const checkOf = (action: Action) => {
  for (const kind of Struct.keys(checks)) {
    const about = action[kind]
    if (about !== undefined) return { check: checks[kind], about }
  }
  return undefined
}

/** A line in words. The list of actions says what it means, and its end is the result. */
export const note = (player: Player, line: Line, action: Action | undefined) =>
  Effect.gen(function*() {
    if (action === undefined) return complain(player, line, "a line that the list of actions does not know")
    const outcome = line.text.slice(action.line?.length).trim()
    const checked = checkOf(action)
    if (checked !== undefined) {
      const found = yield* checked.check(player, checked.about, outcome)
      return found === outcome ? undefined : complain(player, line, found)
    }
    const response = yield* player.stage.perform(action)
    if (response === undefined) return
    const [, status, body] = /^(\d+) ?(.*)$/.exec(outcome) ?? []
    const differences = body === "" ? [] : player.stage.ids.differences(decoded(body ?? ""), response.body)
    if (String(response.status) !== status || differences.length > 0) complain(player, line, response, ...differences)
  })
