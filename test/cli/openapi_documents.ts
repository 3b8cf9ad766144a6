/** A museum's API as its team would describe it: tags, security, an operation no tool can be made of. */
export const museum = (server: string) => `openapi: 3.1.0
info:
  title: Clockwork Museum
  version: 1.0.0
servers:
  - url: ${server}/museum
security:
  - key: []
tags:
  - name: Visits
    description: When to come.
  - name: Tickets
components:
  securitySchemes:
    key:
      type: apiKey
      in: header
      name: X-Museum-Key
  schemas:
    Ticket:
      type: object
      required: [day]
      properties:
        id:
          type: string
          readOnly: true
        day:
          type: string
          format: date
        guests:
          type: integer
          minimum: 1
          maximum: 8
paths:
  /hours:
    get:
      operationId: getHours
      summary: List opening hours
      tags: [Visits]
      parameters:
        - name: from
          in: query
          schema: {type: string, format: date}
        - name: tenant
          in: query
          schema: {type: string}
      responses:
        '200': {description: The hours.}
    head:
      operationId: headHours
      responses:
        '200': {description: Nothing.}
  /tickets:
    post:
      operationId: buyTickets
      summary: Buy tickets
      tags: [Tickets]
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Ticket'}
      responses:
        '201': {description: The ticket.}
  /tickets/{id}:
    get:
      summary: Show a ticket
      tags: [Tickets]
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      responses:
        '200': {description: The ticket.}
    delete:
      summary: Return a ticket
      tags: [Tickets]
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      responses:
        '204': {description: Returned.}
`

/** The next version of the museum: a tool more, one fewer, a description changed. */
export const museumNext = (server: string) =>
  museum(server)
    .replace('version: 1.0.0', 'version: 1.1.0')
    .replace('summary: Show a ticket', 'summary: Show one ticket')
    .replace(/ {4}delete:[\s\S]*?Returned.}\n/, '')
    .replace(
      'paths:\n',
      `paths:
  /exhibits:
    get:
      summary: List exhibits
      tags: [Visits]
      responses:
        '200': {description: The exhibits.}
`,
    )

/** Night trains in several files, the root below the folder they share. */
export const trains = (server: string): Readonly<Record<string, string>> => ({
  '/srv/trains/openapi.yaml': `openapi: 3.0.3
info: {title: Night Trains, version: '2'}
servers: [{url: '${server}'}]
paths:
  /trips: {$ref: 'paths/trips.yaml'}
  /stations: {$ref: "./paths/stations.json"}
  /depots: {$ref: '../../etc/depots.yaml'}
`,
  '/srv/trains/paths/trips.yaml': `get:
  summary: List trips
  responses:
    '200':
      description: Trips.
      content:
        application/json:
          schema: {$ref: '../schemas/trip.yaml#/Trip'}
`,
  '/srv/trains/paths/stations.json': JSON.stringify({
    get: { summary: 'List stations', responses: { 200: { description: 'Stations.' } } },
  }),
  '/srv/trains/schemas/trip.yaml': 'Trip: {type: object, properties: {id: {type: string}}}\n',
  '/srv/trains/notes.yaml': 'nothing: refers to this\n',
  '/etc/depots.yaml': 'get: {summary: Nobody may send this, responses: {}}\n',
})
