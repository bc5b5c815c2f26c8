import { limits } from "../../limits.ts"
import type { Command } from "../Command.ts"
import type { Disk, SidecarState, StoredState } from "../SidecarState.ts"
import { heldTask } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { activityIs, all, emit, given, log, startTimer, stay, taskIs, withTask } from "../step.ts"
import { assess } from "./evidence.ts"
import { flush, settleInFlight } from "./exchange.ts"
import { checkReadiness } from "./readiness.ts"

/** What a restart recovers is on disk already: only another task that becomes active was accepted. */
const accepts = (before: SidecarState, { active }: StoredState): boolean =>
  active !== null && heldTask(before)?.task_id !== active.task_id

/** Accepting a task and waking its agent are never done before it is on disk; all else an older state leads to as well. */
const needsSaving = (before: SidecarState, after: SidecarState, commands: ReadonlyArray<Command>): boolean =>
  accepts(before, after.stored) || commands.some(({ _tag }) => _tag === "WakeAgent")

/** A failure that was sent is never sent again, so it is sent only when it is on disk that it was. */
const waitsForDisk = (command: Command): boolean =>
  command._tag === "SendReport"
    ? command.report._tag === "Failed"
    : command._tag === "Log" && command.event.event === "report_sent" && command.event.outcome === "failed"

/** The state without the mark of a failure as sent, where this step has set it. */
const withoutMark = (before: SidecarState, after: SidecarState): SidecarState => {
  const marked = heldTask(before)?.failure?.sent_generation ?? null
  const unmark = withTask(({ failure }) =>
    failure === null || marked !== null ? stay : taskIs({ failure: { ...failure, sent_generation: null } })
  )
  return unmark(after, 0)[0]
}

/** What a step that could not be saved comes to. */
export interface Unsaved {
  readonly state: SidecarState
  readonly commands: ReadonlyArray<Command>
  readonly undone: boolean // nothing may be done, and the state remains as it was
  readonly withheld: boolean // a failure was not sent
}

/** Rule 12: what may be done of a step that could not be saved: from memory, but for what must be on disk before. */
export const unsavedStep = (
  before: SidecarState,
  after: SidecarState,
  commands: ReadonlyArray<Command>
): Unsaved => {
  if (needsSaving(before, after, commands)) return { state: before, commands: [], undone: true, withheld: false }
  const possible = commands.filter((command) => !waitsForDisk(command))
  const withheld = possible.length < commands.length
  return { state: withheld ? withoutMark(before, after) : after, commands: possible, undone: false, withheld }
}

const diskIs = (disk: Disk): Rule => (state) => [{ ...state, disk }, []]

/** A wake that was undone is a look at the evidence that came to nothing. */
const lookAgainLater: Rule = given(({ agent }) =>
  agent.activity._tag === "Inspecting" ? activityIs({ _tag: "Idle" }) : stay
)

/** Rule 12: the step that could not be saved may have been `undone`, or only its report of a failure `withheld`. */
export const saveFailed = (reason: string, undone: boolean, withheld: boolean): Rule =>
  given((state) =>
    all(
      state.disk === "ok" ? log({ event: "state_unsaved", reason }) : stay,
      diskIs("failing"),
      undone ? lookAgainLater : stay,
      withheld ? settleInFlight : stay,
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
