/** How a command was asked; ends the process where it was asked for help, or wrongly. */
export function asked<Options>(help: string, read: () => Options | 'help'): Options {
  try {
    const options = read();
    if (options !== 'help') return options;
    process.stdout.write(help);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    return process.exit(2);
  }
}

/** A whole number above 0; throws for anything else. */
export function whole(text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new Error(`${text} is not a whole number above 0.`);
}

/** A line about what goes on, apart from what the command answers. */
export function onProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}
