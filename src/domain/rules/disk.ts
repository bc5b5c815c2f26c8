import { limits } from "../../limits.ts"
import type { Disk } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { all, emit, given, log, startTimer, stay } from "../step.ts"
import { assess } from "./evidence.ts"
import { flush } from "./exchange.ts"
import { checkReadiness } from "./readiness.ts"

const diskIs = (disk: Disk): Rule => (state) => [{ ...state, disk }, []]

/**
 * Rule 12: told before the message whose step could not be saved, which is then taken by rules that know it: they accept no
 * task, wake no agent and send no failure.
 */
export const saveFailed = (reason: string): Rule =>
  given(({ disk }) =>
    all(
      disk === "ok" ? log({ event: "state_unsaved", reason }) : stay,
      diskIs("failing"),
      startTimer("disk", limits.disk_retry_ms)
    )
  )

/** Rule 12: the disk is tried again: by what we owe, or by the wake whose payload could not be written. */
export const diskDue: Rule = given(({ disk }) => disk === "ok" ? assess : emit({ _tag: "SaveState" }))

/** Rule 12: the disk works again. */
export const saveSucceeded: Rule = given(({ disk }) =>
  disk === "ok" ? stay : all(
    diskIs("ok"),
    log({ event: "state_saved_again" }),
    checkReadiness,
    assess,
    flush
  )
)
