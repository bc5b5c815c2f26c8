import type { ExchangeKind } from "./SidecarState.ts"

/** The frame types an exchange is sent as. */
export const frameTypeOf: Record<ExchangeKind, ReadonlyArray<string>> = {
  accept: ["task_accepted"],
  reject: ["task_rejected"],
  recovery: ["task_recovering"],
  state: ["state_report"],
  report: ["task_complete", "task_failed"]
}
