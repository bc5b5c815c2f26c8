const isDate = (t) => Number.isFinite(t) && Math.abs(t) < 8.64e15

/** How a time is spelled among others that are so far (ms) from each other. */
export const clockFor = (span) => {
  const [from, to] = span > 72_000_000 ? [5, 16] : [11, span > 600_000 ? 19 : 23]
  return (t) => isDate(t) ? new Date(t).toISOString().slice(from, to).replace("T", " ") : "?"
}

export const wholeTime = (t) => isDate(t) ? new Date(t).toISOString().replace("T", " ").replace("Z", " UTC") : "?"

/** A duration in ms, short enough for a label. */
export const duration = (ms) => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const seconds = Math.round(ms / 1_000)
  const minutes = Math.round(ms / 60_000)
  if (seconds < 60) return `${(ms / 1_000).toFixed(1).replace(".0", "")} s`
  if (seconds < 600) return `${Math.floor(seconds / 60)} min${seconds % 60 === 0 ? "" : ` ${seconds % 60} s`}`
  if (minutes < 60) return `${minutes} min`
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.round(minutes / 1_440)} days`
}

const ways = {
  in: "hub → sidecar",
  out: "sidecar → hub",
  to_agent: "sidecar → agent",
  from_agent: "agent → sidecar",
  sidecar: "within the sidecar"
}

export const wayOf = ({ lane }) => ways[lane]
