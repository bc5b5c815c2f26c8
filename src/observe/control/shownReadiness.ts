import { type NotReady, type Readiness, remedyFor } from "../../domain/Readiness.ts"

/** Why no task is taken, as it is shown; null where one is. */
export const shownReadiness = ({ not_ready }: Readiness): (NotReady & { readonly remedy: string }) | null =>
  not_ready && { ...not_ready, remedy: remedyFor(not_ready) }
