/** The queue that workers poll and clients start on, unless they are told another. */
export const taskQueueDefault = 'holdfast';
