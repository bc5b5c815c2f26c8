import type { SidecarState } from "../../src/domain/SidecarState.ts"

/** Rule 6: whether the wake whose intent is saved may still begin. */
export const isMeant = ({ agent, connection: { standing } }: SidecarState): boolean =>
  agent.activity._tag === "Spawning" && standing !== "denied" && standing !== "in_doubt"
