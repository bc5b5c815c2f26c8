import { limits } from "../../limits.ts"
import { noConnection } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { all, cancelTimers, connectionIs, emit, given, readinessIs, startTimer, stay } from "../step.ts"

/** A lost connection says nothing about the agent nor about what we owe: only what it told us is forgotten. */
export const disconnected = (half_open: boolean): Rule =>
  given(({ connection }) =>
    all(
      connectionIs({ ...noConnection, half_open: half_open || connection.half_open }),
      cancelTimers("answer", "resend", "assign_grace", "half_open")
    )
  )

export const openLink: Rule = all(readinessIs({ link: "open" }), emit({ _tag: "OpenConnection" }))

/** Rule 13: closes the connection, unless it is; it is opened again no sooner than `readiness_ms` later. */
export const closeLink: Rule = given(({ readiness }) =>
  readiness.link !== "open" ? stay : all(
    readinessIs({ link: "resting" }),
    emit({ _tag: "CloseConnection" }),
    disconnected(false),
    startTimer("readiness", limits.readiness_ms)
  )
)
