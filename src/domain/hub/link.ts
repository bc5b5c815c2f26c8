import { domainLimits } from "../limits.ts"
import { catchUp, talkDisconnected } from "../messages/catchUp.ts"
import { presenceOf, presenceShown, showWhyWeLeave } from "../messages/presence.ts"
import { testDelivery } from "../messages/selfTest.ts"
import {
  cancelTimers,
  emit,
  noop,
  patchConnection,
  patchReadiness,
  type Rule,
  sequence,
  startTimer,
  withState
} from "../rules.ts"
import { noConnection } from "../SidecarState.ts"
import { askWhoseItIs } from "./ownership.ts"

/** Rule 4: identify with the true status. */
export const connected: Rule = withState(({ connection: { half_open } }) =>
  sequence(
    patchConnection({ ...noConnection, phase: "connected", half_open }),
    withState((state) => emit({ _tag: "Identify", status: presenceOf(state) })),
    presenceShown
  )
)

/** Rules 4 and 14: ask whose the task is. After a dead link the hub may still push to the old socket. */
export const identified: Rule = withState(({ connection: { half_open } }) =>
  sequence(
    patchConnection({ phase: "identified" }),
    half_open ? startTimer("half_open", domainLimits.half_open_recheck_ms) : noop,
    askWhoseItIs,
    catchUp,
    testDelivery
  )
)

/**
 * Rules 14 and 22: no task came on the new socket for 90 s, so the hub may be pushing to the old one: once more, and again for as
 * long as our message to ourselves does not come back.
 */
export const halfOpenOver: Rule = withState(({ talk }) =>
  sequence(
    patchConnection({ half_open: talk.self_test === "overdue" }),
    emit({ _tag: "Reconnect", reason: "the link was dead before this one" })
  )
)

/** Rule 14: the hub has lost us while the socket lives. */
export const hubLostUs: Rule = emit({ _tag: "Reconnect", reason: "the hub has lost us" })

/** A lost connection says nothing about the agent nor about what we owe. Only what it told us is forgotten. */
export const disconnected = (half_open: boolean): Rule =>
  withState(({ connection }) =>
    sequence(
      patchConnection({ ...noConnection, half_open: half_open || connection.half_open }),
      cancelTimers("answer", "resend", "assign_grace", "lookup", "half_open", "renew"),
      talkDisconnected
    )
  )

export const openLink: Rule = sequence(patchReadiness({ link: "open" }), emit({ _tag: "OpenConnection" }))

/** Rule 13: closes the connection where it is open. It is opened again no sooner than `readiness_ms` later. */
export const closeLink: Rule = withState(({ readiness }) =>
  readiness.link !== "open" ? noop : sequence(
    patchReadiness({ link: "resting" }),
    showWhyWeLeave,
    emit({ _tag: "CloseConnection" }),
    disconnected(false),
    startTimer("readiness", domainLimits.readiness_ms)
  )
)
