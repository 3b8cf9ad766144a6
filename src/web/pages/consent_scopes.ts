import { type Html, html } from './html.ts'
import { shownText } from './shown_text.ts'
import { type ConsentProject, type ConsentScope, type ConsentView, scopeField } from './views.ts'

/** The id of a project's radio button. */
export function projectFieldId(projectId: number): string {
  return `project-${projectId}`
}

/**
 * The choice of a project and, under each, of what the client may do there. A project's scopes show
 * once its radio button is checked, by the style sheet alone.
 */
export function projectChoice(view: ConsentView): Html {
  const allowed = view.projects.filter(({ isAllowed }) => isAllowed)
  const [first] = allowed
  if (first === undefined) return nothingToChoose(view)
  if (view.projects.length === 1) return onlyProject(first, view)
  return html`<fieldset class="projects">
    <legend><h2>Project</h2></legend>
    ${view.projects.map((project) => choice(project, view))}
  </fieldset>`
}

function nothingToChoose(view: ConsentView): Html {
  return html`<div class="card">
    <h2>Project</h2>
    <p>${
      view.projects.length === 0
        ? 'You belong to no project that can be connected to. An administrator of this server can add you to one.'
        : 'None of your projects allows this client. An administrator of the project can allow it.'
    }</p>
  </div>`
}

function onlyProject(project: ConsentProject, view: ConsentView): Html {
  return html`<div class="card">
    <h2>Project</h2>
    <p class="only"><strong><bdi>${shownText(project.name, 80)}</bdi></strong>
    <code>${project.slug}</code></p>
    <input type="hidden" name="project" value="${project.id}">
    ${scopeChoice(project, view)}
  </div>`
}

function choice(project: ConsentProject, view: ConsentView): Html {
  const id = projectFieldId(project.id)
  const isChosen = project.isAllowed && project.id === view.chosenProjectId
  return html`<div class="card project">
      <input type="radio" id="${id}" name="project" value="${project.id}" required
        ${isChosen && html`checked`} ${!project.isAllowed && html`disabled`}>
      <label for="${id}"><bdi>${shownText(project.name, 80)}</bdi>
        <code>${project.slug}</code>
        ${!project.isAllowed && html`<span class="badge">Does not allow this client</span>`}</label>
      ${project.isAllowed && scopeChoice(project, view)}
    </div>`
}

function scopeChoice(project: ConsentProject, view: ConsentView): Html {
  const everything = project.scopes.filter(({ name }) => name === 'ALL')
  const single = project.scopes.filter(({ name }) => name !== 'ALL')
  const boxes = (scopes: readonly ConsentScope[]) => scopes.map((one) => scopeBox(project, one))
  const name = shownText(project.name, 80)
  return html`<fieldset class="scopes">
    <legend>What it may do in <bdi>${name}</bdi></legend>
    ${
      view.asksForEverything &&
      html`<p class="hint">The client did not say what it needs, so everything this project allows is
      checked. Uncheck what it should not have.</p>`
    }
    ${project.scopes.length === 0 && html`<p>Only tools that need no permission.</p>`}
    <div class="all">${boxes(everything)}</div>
    ${group(project, 'Read', boxes(single.filter(({ isWrite }) => !isWrite)))}
    ${group(project, 'Write', boxes(single.filter(({ isWrite }) => isWrite)))}
  </fieldset>`
}

function group(
  project: ConsentProject,
  title: 'Read' | 'Write',
  boxes: readonly Html[],
): Html | null {
  if (boxes.length === 0) return null
  const id = `group-${project.id}-${title.toLowerCase()}`
  return html`<div class="group" role="group" aria-labelledby="${id}">
      <h3 id="${id}">${title}</h3>
      ${boxes}
    </div>`
}

function scopeBox(project: ConsentProject, scope: ConsentScope): Html {
  const field = scopeField(project.id, scope.name)
  return html`<div class="box">
        <input type="checkbox" id="${field}" name="${field}" value="on"
          ${scope.isGranted && html`checked`}>
        <label for="${field}">${labelOf(scope)} <code>${scope.name}</code>${includes(scope)}</label>
      </div>`
}

const wholeProject = 'Everything this project allows, now and later'

function labelOf({ name, description }: ConsentScope): string {
  if (name === 'ALL') return wholeProject
  const shown = shownText(description, 300)
  return shown === '' ? wordsOf(name) : shown
}

/** `CONTACTS_READ` in words: `Read contacts`. */
function wordsOf(name: string): string {
  const [, subject = name, verb] = /^(.+)_(READ|WRITE)$/.exec(name) ?? []
  const words = subject.toLowerCase().replaceAll('_', ' ')
  if (verb === undefined) return words.charAt(0).toUpperCase() + words.slice(1)
  return `${verb === 'READ' ? 'Read' : 'Change'} ${words}`
}

function includes({ name }: ConsentScope): Html | null {
  const [, subject] = /^(.+)_WRITE$/.exec(name) ?? []
  if (subject === undefined) return null
  return html` <span class="muted">includes ${subject}_READ</span>`
}
