import type { SidecarState } from "../../src/domain/SidecarState.ts"

/** Rule 6: whether the wake whose intent is saved may still begin. */
export const isMeant = ({ connection: { ownership }, slots: { task: { agent } } }: SidecarState): boolean =>
  agent.phase._tag === "Spawning" && ownership !== "denied" && ownership !== "unresolved"
