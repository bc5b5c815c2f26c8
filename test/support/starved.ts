/** A command that becomes another one, which may have no more than so many file descriptors. */
export const withDescriptors = (count: number) => ["sh", "-c", `ulimit -n ${count} && exec "$@"`, "sh"]
