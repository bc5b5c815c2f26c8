import * as Effect from "effect/Effect"
import type { Outgoing } from "../../domain/messages/Outgoing.ts"
import { roomText } from "../../domain/messages/refusal.ts"
import type { JsonObject } from "../../domain/Work.ts"
import type { HubUnread } from "../../services/Messenger.ts"
import { isJsonObject } from "../../text/json.ts"
import type { HubAccess } from "./access.ts"
import { integerOf, type List, readWholeList } from "./entries.ts"
import { channelAfter, history_entries, historyAfter, roomAfter } from "./lists.ts"

/** Whether a list has an entry that fits. */
const hasEntry = Effect.fnUntraced(function*(
  access: HubAccess,
  listAfter: (after: number) => List,
  fits: (entry: JsonObject) => boolean,
  full?: number
) {
  let isFound = false
  yield* readWholeList(access, listAfter, (entry) => {
    isFound = fits(entry)
    return !isFound
  }, full)
  return isFound
})

const hasKey = (message: unknown, key: string): boolean =>
  isJsonObject(message) && isJsonObject(message["payload"]) && message["payload"]["agentcom_key"] === key

/**
 * Whether the hub has a message of ours that was sent at `since` or later, in epoch milliseconds of the hub's clock. In the room,
 * which does not keep our key, it is known by our name and its text.
 */
export const hubHas = (
  access: HubAccess,
  { key, payload, target }: Outgoing,
  since: number
): Effect.Effect<boolean, HubUnread> => {
  const from = access.agent_id
  switch (target._tag) {
    case "Agent":
    case "All":
      return hasEntry(
        access,
        (cursor) => historyAfter({ start: since, from }, cursor),
        (entry) => hasKey(entry, key),
        history_entries
      )
    case "Channel":
      return hasEntry(
        access,
        (after) => channelAfter(target.channel, after),
        ({ message }) => hasKey(message, key)
      )
    case "Room": {
      const text = roomText(payload).toWellFormed()
      return hasEntry(
        access,
        roomAfter,
        (entry) => entry["from"] === from && entry["text"] === text && (integerOf(entry["timestamp"]) ?? 0) >= since
      )
    }
  }
}
