import type { SidecarState } from "../../src/domain/SidecarState.ts"
import type { WorkKind } from "../../src/domain/Work.ts"

/** Rule 6: whether the wake whose intent is saved may still begin. */
export const isMeant = ({ connection: { ownership }, slots }: SidecarState, kind: WorkKind = "task"): boolean =>
  slots[kind].agent.phase._tag === "Spawning" &&
  (kind === "messages" || (ownership !== "denied" && ownership !== "unresolved"))
