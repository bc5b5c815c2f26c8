import { type Hub, type Job, type Message, runAt } from "./hub.ts"
import { limits } from "./limits.ts"

/** Puts a message into the mailbox of an agent. The oldest ones of a full mailbox are lost. */
export const put = (hub: Hub, agentId: string, message: Message): void => {
  hub.lastMail += 1
  const mail = { ...message, seq: hub.lastMail }
  hub.mailboxes.set(agentId, [...hub.mailboxes.get(agentId) ?? [], mail].slice(-limits.mailboxMessages))
}

/**
 * Puts a broadcast into the mailbox of each registered agent that is not connected when its turn comes, one by one. Who
 * connects meanwhile gets it nowhere, and who closes meanwhile gets it twice.
 */
export const putForAbsent = (hub: Hub, message: Message, now: number, done: Job["run"]): void => {
  const agents = [...new Set(hub.tokens.values())].filter((agentId) => agentId !== message.from)
  const goOn = (at: number): void => {
    for (let agentId = agents.shift(); agentId !== undefined; agentId = agents.shift()) {
      if (hub.registry.has(agentId)) continue
      put(hub, agentId, message)
      if (hub.messageCostMs > 0) return runAt(hub, at + hub.messageCostMs, at, goOn)
    }
    done(at)
  }
  goOn(now)
}

/** The messages of a mailbox after the sequence number `since`. */
export const read = (hub: Hub, agentId: string, since: number) => {
  const messages = (hub.mailboxes.get(agentId) ?? []).filter((message) => message.seq > since)
  return { agent_id: agentId, count: messages.length, last_seq: messages.at(-1)?.seq ?? since, messages }
}

/** Removes the messages up to a sequence number from a mailbox. */
export const acknowledge = (hub: Hub, agentId: string, upTo: number): void => {
  hub.mailboxes.set(agentId, (hub.mailboxes.get(agentId) ?? []).filter((message) => message.seq > upTo))
}
