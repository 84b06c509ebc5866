/** What a notice says in one language, as Mustache has it: `{{name}}` of the data. */
export interface TextOf {
  /** One line: the subject of an e-mail, the title of a push message. */
  readonly subject: string;
  readonly text: string;
}
