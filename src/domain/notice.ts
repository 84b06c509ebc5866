/** The ways that a notice can take to whom it is for. */
export const channels = ['push', 'sms', 'email', 'webhook'] as const;

export type Channel = (typeof channels)[number];
