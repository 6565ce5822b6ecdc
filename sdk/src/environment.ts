/** A variable of the environment, where there is one: not every runtime has a process. */
export function fromEnvironment(name: 'MAIL_BASE_URL' | 'MAIL_API_KEY'): string | undefined {
  return typeof process === 'undefined' ? undefined : process.env?.[name];
}
