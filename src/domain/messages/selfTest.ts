import {
  cancelTimers,
  emit,
  log,
  noop,
  patchConnection,
  patchTalk,
  type Rule,
  sequence,
  startTimer,
  withState
} from "../rules.ts"
import type { InboxMessage } from "./InboxMessage.ts"

const self_test_ms = 10_000 // for a message to ourselves to come back

export const self_test_type = "self_test"

/** Rule 22: after a dead link the hub may still push to the old socket. A message to ourselves shows whether it does. */
export const testDelivery: Rule = withState(({ connection: { half_open } }) =>
  half_open
    ? sequence(patchTalk({ self_test: "sent" }), startTimer("self_test", self_test_ms), emit({ _tag: "TestDelivery" }))
    : noop
)

/** Rule 22: the message could not be sent, so it shows nothing. */
export const testDelivered = (sent: boolean): Rule =>
  withState(({ talk }) =>
    sent || talk.self_test !== "sent" ? noop : sequence(patchTalk({ self_test: "failed" }), cancelTimers("self_test"))
  )

/** Rule 22: it has not come back. What the hub pushes to the old socket is read once a minute. */
export const selfTestOverdue: Rule = sequence(
  patchTalk({ self_test: "overdue" }),
  log({ event: "delivery_test_overdue" })
)

export const isSelfTest = ({ from, type }: InboxMessage, agent_id: string): boolean =>
  from === agent_id && type === self_test_type

/** Rule 22: our message to ourselves has come back on this socket, or a task has come. */
export const hubPushesToUs: Rule = sequence(
  patchTalk({ self_test: "none" }),
  patchConnection({ half_open: false }),
  cancelTimers("self_test", "half_open")
)
