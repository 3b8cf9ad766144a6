/** What someone asks for, and the operation that does it. */
export interface Question {
  /** In a user's words, after a heading of the API's public documentation. */
  readonly query: string
  /** The `operationId` of the document. */
  readonly expected: string
}

/** Questions after headings of docs.github.com/rest. */
export const githubQuestions: readonly Question[] = [
  { query: 'open a new issue in a repo', expected: 'issues/create' },
  { query: 'show all issues of a repository', expected: 'issues/list-for-repo' },
  { query: 'lock the conversation on an issue', expected: 'issues/lock' },
  { query: 'merge a PR', expected: 'pulls/merge' },
  { query: 'ask someone to review my pull request', expected: 'pulls/request-reviewers' },
  { query: 'which files were changed in a pull request', expected: 'pulls/list-files' },
  { query: 'fork a repository', expected: 'repos/create-fork' },
  { query: 'star a repo', expected: 'activity/star-repo-for-authenticated-user' },
  { query: 'create or update a file in a repo', expected: 'repos/create-or-update-file-contents' },
  { query: 'read the README of a repository', expected: 'repos/get-readme' },
  {
    query: 'run the failed jobs of a workflow run again',
    expected: 'actions/re-run-workflow-failed-jobs',
  },
  { query: 'stop a running actions workflow', expected: 'actions/cancel-workflow-run' },
  { query: 'trigger a workflow manually', expected: 'actions/create-workflow-dispatch' },
  {
    query: 'set an actions secret for a repository',
    expected: 'actions/create-or-update-repo-secret',
  },
  { query: 'publish a new release', expected: 'repos/create-release' },
  { query: 'add a webhook to a repository', expected: 'repos/create-webhook' },
  { query: 'invite a collaborator to my repo', expected: 'repos/add-collaborator' },
  { query: 'make a gist', expected: 'gists/create' },
  {
    query: 'mark all my notifications as read',
    expected: 'activity/mark-notifications-as-read',
  },
  {
    query: 'what changed between two commits',
    expected: 'repos/compare-commits-with-basehead',
  },
]

/** Questions after headings of docs.stripe.com/api. */
export const stripeQuestions: readonly Question[] = [
  { query: 'add a new customer', expected: 'PostCustomers' },
  { query: "change a customer's email address", expected: 'PostCustomersCustomer' },
  { query: 'list all charges', expected: 'GetCharges' },
  { query: 'refund a payment', expected: 'PostRefunds' },
  { query: 'cancel a subscription', expected: 'DeleteSubscriptionsSubscriptionExposedId' },
  { query: 'start a subscription for a customer', expected: 'PostSubscriptions' },
  { query: 'what is my current balance', expected: 'GetBalance' },
  { query: 'create a payment intent', expected: 'PostPaymentIntents' },
  {
    query: 'capture the funds of a payment intent',
    expected: 'PostPaymentIntentsIntentCapture',
  },
  { query: 'finalize a draft invoice', expected: 'PostInvoicesInvoiceFinalize' },
  { query: 'void an invoice', expected: 'PostInvoicesInvoiceVoid' },
  { query: 'email an invoice to the customer', expected: 'PostInvoicesInvoiceSend' },
  { query: 'preview the upcoming invoice of a customer', expected: 'GetInvoicesUpcoming' },
  { query: 'create a discount coupon', expected: 'PostCoupons' },
  { query: 'set a new price for a product', expected: 'PostPrices' },
  { query: 'make a payment link', expected: 'PostPaymentLinks' },
  { query: 'start a checkout session', expected: 'PostCheckoutSessions' },
  {
    query: 'attach a payment method to a customer',
    expected: 'PostPaymentMethodsPaymentMethodAttach',
  },
  { query: 'close a dispute', expected: 'PostDisputesDisputeClose' },
  { query: 'register a webhook', expected: 'PostWebhookEndpoints' },
]

/** Questions after headings of developer.box.com/reference. */
export const boxQuestions: readonly Question[] = [
  { query: 'upload a file', expected: 'post_files_content' },
  { query: 'download the contents of a file', expected: 'get_files_id_content' },
  { query: 'make a new folder', expected: 'post_folders' },
  { query: 'what is in a folder', expected: 'get_folders_id_items' },
  { query: 'copy a file to another folder', expected: 'post_files_id_copy' },
  { query: 'remove a folder', expected: 'delete_folders_id' },
  { query: 'search for files by keyword', expected: 'get_search' },
  { query: 'share a folder with another user', expected: 'post_collaborations' },
  { query: 'read the comments on a file', expected: 'get_files_id_comments' },
  { query: 'write a comment', expected: 'post_comments' },
  { query: 'create a shared link for a file', expected: 'put_files_id#add_shared_link' },
  { query: 'create a task for a file', expected: 'post_tasks' },
  { query: 'restore a file from the trash', expected: 'post_files_id' },
  { query: 'what is in the trash', expected: 'get_folders_trash_items' },
  { query: 'show the current user', expected: 'get_users_me' },
  { query: 'add a user to the enterprise', expected: 'post_users' },
  { query: 'add a person to a group', expected: 'post_group_memberships' },
  { query: 'send a document for signature', expected: 'post_sign_requests' },
  { query: 'previous versions of a file', expected: 'get_files_id_versions' },
  { query: 'ask the AI a question about a document', expected: 'post_ai_ask' },
]
