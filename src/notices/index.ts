/**
 * @module notices: what a notice says, and where it may be sent.
 * lives here: templates with their texts in each language, the parsers of addresses
 * may touch: domain, mustache, libphonenumber-js
 * never: input or output; a channel, which takes what is made here
 * proved in: test/notices
 */
export {
  parseDeviceToken,
  parseEmailAddress,
  parsePhoneNumber,
  parseWebhookUrl,
} from './addresses.js';
export {
  isTemplateName,
  parseTemplateData,
  renderTemplate,
  templateNames,
} from './template.js';
