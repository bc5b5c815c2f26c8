import { channelFrameAnswered } from "../hub/answers.ts"
import type { Message } from "../Message.ts"
import { noop, type Rule, sequence } from "../rules.ts"
import { askNext } from "./asking.ts"
import {
  catchUpDue,
  hubRead,
  hubTold,
  hubUnread,
  mailboxAcknowledged,
  pageRecorded,
  readLater,
  readNext
} from "./catchUp.ts"
import { batchReady, deliverNext, deliveryMarked, moreWaits, noBatch } from "./delivery.ts"
import { showPresence } from "./presence.ts"
import { holds, messageHeard, messagesRecorded, messagesUnrecorded } from "./receiving.ts"
import { selfTestOverdue, testDelivered } from "./selfTest.ts"
import { renewDue, sendEnded, sendNext } from "./sending.ts"

type TalkMessage = Extract<
  Message,
  {
    readonly _tag:
      | "HubTimeTold"
      | "MessageHeard"
      | "MessagesRecorded"
      | "MessagesUnrecorded"
      | "HubRead"
      | "HubUnread"
      | "MailboxAcknowledged"
      | "BatchReady"
      | "NoBatch"
      | "DeliveryMarked"
      | "SendEnded"
      | "HeldChanged"
      | "ChannelAnswered"
      | "TestDelivered"
  }
>

/** The timers of the talk with other agents. What is due follows after every message. */
export const talkTimers = {
  batch: noop,
  send: noop,
  presence: noop,
  self_test: selfTestOverdue,
  catch_up: catchUpDue,
  renew: renewDue
} as const

/** What a message about the talk with other agents changes. */
export const talkRuleFor = (message: TalkMessage): Rule => {
  switch (message._tag) {
    case "HubTimeTold":
      return hubTold(message.hub_time)
    case "MessageHeard":
      return messageHeard(message.message)
    case "MessagesRecorded":
      return sequence(
        messagesRecorded(message.held, message.recorded),
        message.recorded.some(({ outcome }) => outcome === "waiting") ? moreWaits : noop,
        message.recorded.some(({ outcome }) => outcome === "left_out") ? readLater : pageRecorded
      )
    case "MessagesUnrecorded":
      return sequence(messagesUnrecorded(message.reason), readLater)
    case "HubRead":
      return hubRead(message.pass, message)
    case "HubUnread":
      return hubUnread(message.pass)
    case "MailboxAcknowledged":
      return mailboxAcknowledged(message.pass, message.done)
    case "BatchReady":
      return batchReady(message.batch)
    case "NoBatch":
      return noBatch(message.retry_at, message.held_back)
    case "DeliveryMarked":
      return deliveryMarked(message.end, message.held)
    case "SendEnded":
      return sendEnded(message.key, message.outcome, message.held)
    case "HeldChanged":
      return holds(message.held)
    case "ChannelAnswered":
      return channelFrameAnswered
    case "TestDelivered":
      return testDelivered(message.sent)
  }
}

/** After every message: the readings, deliveries, messages and frames of ours that are due. */
export const talkDue: Rule = sequence(readNext, deliverNext, sendNext, showPresence, askNext)
