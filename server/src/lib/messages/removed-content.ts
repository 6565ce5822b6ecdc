/** Props of a message whose content was removed: never those of a message that can be sent, because props are an object. */
export const REMOVED_PROPS = 'null';

/** True where there is nothing left to render or to send. */
export function isContentRemoved({ props }: { props: string | null }): boolean {
  return props === REMOVED_PROPS;
}
