import type { LocalFact } from "../domain/Message.ts"
import type { Recorded } from "../domain/messages/Fate.ts"
import type { Reading } from "../domain/messages/Talk.ts"
import { plain, valueOf } from "./words.ts"

/** What a fact about messages says to people. */
export interface Said {
  readonly words: string
  readonly fault: string | null // what went wrong
  readonly way: "in" | "out" | "sidecar" // from the hub, to the hub, or within the sidecar
}

const within = (words: string, fault: string | null = null): Said => ({ words, fault, way: "sidecar" })

/** How many messages had which outcome. What was only pushed is told once its way is known. */
const outcomesOf = (recorded: ReadonlyArray<Recorded>): string =>
  [...Map.groupBy(recorded, ({ outcome }) => outcome)]
    .filter(([outcome]) => outcome !== "pushed")
    .map(([outcome, some]) => `${some.length} ${plain(outcome)}`)
    .join(", ")

const sourceOf = ({ _tag }: Reading): string => plain(_tag)

const sendingSaid = ({ key, outcome }: Extract<LocalFact, { readonly _tag: "SendEnded" }>): Said | null => {
  if (key === null) return null
  const words = `${plain(outcome._tag)} ${valueOf(key)}`
  const reason = "reason" in outcome ? outcome.reason : outcome._tag === "Limited" ? "too many requests" : null
  return {
    words: reason === null ? words : `${words}: ${valueOf(reason)}`,
    fault: reason === null ? null : `a message was not sent: ${valueOf(reason)}`,
    way: "out"
  }
}

/** What a fact about messages says; null if nothing happened, undefined if it is not about messages. */
export const talkSaid = (fact: LocalFact): Said | null | undefined => {
  switch (fact._tag) {
    case "MessagesRecorded": {
      const outcomes = outcomesOf(fact.recorded)
      return outcomes === "" ? null : within(`recorded ${outcomes}`)
    }
    case "MessagesUnrecorded":
      return within(`not recorded: ${valueOf(fact.reason)}`, "messages could not be recorded")
    case "HubRead": {
      const { messages, reading } = fact
      return messages.length === 0
        ? null
        : { words: `read ${messages.length} from the ${sourceOf(reading)}`, fault: null, way: "in" }
    }
    case "HubUnread": {
      const words = `${sourceOf(fact.reading)} not read: ${valueOf(fact.reason)}`
      return { words, fault: words, way: "in" }
    }
    case "MailboxAcknowledged":
      return { words: fact.done ? "mailbox acknowledged" : "mailbox not acknowledged", fault: null, way: "out" }
    case "BatchReady":
      return within(`${fact.batch.id} of ${fact.batch.payload.message_ids.length}`)
    case "DeliveryMarked":
      return within(`delivery: ${plain(fact.end)}`, fact.end === "Failed" ? "a delivery failed" : null)
    case "SendEnded":
      return sendingSaid(fact)
    case "NoBatch":
    case "HeldChanged":
      return null
    case "TimerFired":
      return fact.timer === "catch_up" ? null : undefined
    default:
      return undefined
  }
}
