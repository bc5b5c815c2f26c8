/** What the inbox keeps of a message about its deliveries. */
export interface DeliveryMarks {
  readonly deliveries: number // that have begun
  readonly failures: number // in a row, in a batch of this size
  readonly batch_limit: number // how many messages may share its batch
}

const max_failures = 3 // before a batch is cut in halves

/** Rule 19: after a delivery of `size` messages has failed. `stuck`: alone, it has killed its deliveries, and is not delivered by itself again. */
export const afterFailure = (
  marks: DeliveryMarks,
  size: number
): { readonly marks: DeliveryMarks; readonly stuck: boolean } => {
  const failures = marks.failures + 1
  if (failures < max_failures) return { marks: { ...marks, failures, batch_limit: size }, stuck: false }
  if (size <= 1) return { marks: { ...marks, failures }, stuck: true }
  return { marks: { ...marks, failures: 0, batch_limit: Math.ceil(size / 2) }, stuck: false }
}
