/** The processor time in milliseconds that `work` takes: other programs on the machine add nothing to it. */
export const cpu_ms = async (work: () => unknown): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { system, user } = process.cpuUsage(before)
  return (system + user) / 1_000
}
