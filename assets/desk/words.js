// Every word the desk shows, in Russian and English, and which of the two is read.

const ru = {
  title: 'Учебный стол оператора',
  bar: 'Учебный стол оператора.',
  bar_more: 'Стоит на месте Bitrix24, чтобы показать чат без портала. Настоящие операторы отвечают в Bitrix24',
  shop: 'Открыть магазин',
  lost: 'Учебный портал остановлен. Запустите его снова, страница найдёт его сама',
  find: 'Найти разговор',
  tab_all: 'Все', tab_wait: 'Без ответа', tab_done: 'Завершённые',
  none: 'Разговоров пока нет. Напишите из магазина',
  none_found: 'Ничего не нашлось',
  blank: 'Выберите разговор',
  blank_more: 'Слова посетителя появляются здесь сразу, как их получает портал',
  visitor: 'Посетитель',
  facts: 'Портал и посетитель', back: 'К разговорам', log: 'Сообщения', finish: 'Завершить', ask: 'Попросить оценку', send: 'Отправить', attach: 'Прикрепить файл', cancel: 'Отмена',
  field: 'Ответ посетителю', by: 'Отвечает',
  editing: 'Изменить сообщение', edit: 'Изменить', delete: 'Удалить',
  edited: 'изменено', deleted: 'Сообщение удалено',
  today: 'Сегодня', yesterday: 'Вчера',
  state_sending: 'Передано чату, ждём подтверждения', state_delivered: 'Доставлено', state_unsent: 'Не ушло: линия отключена',
  automatic: 'Автоматический текст', whisper: 'Видят только операторы',
  started: 'Начат разговор № {n}', ended: 'Разговор завершён',
  closing: 'Завершён, закроется позже', led: 'Ведёт {name}', waits: 'Ждёт ответа', finished: 'Завершён',
  name: 'Имя', chat_title: 'Название чата', email: 'Почта', phone: 'Телефон', page: 'Страница', source: 'Источник', line: 'Линия', session: 'Разговор',
  portal: 'Портал сейчас',
  answers: 'Отвечает', answers_sub: 'как настоящий портал',
  busy: 'Просит подождать', busy_sub: 'слишком много обращений',
  silent: 'Молчит', silent_sub: 'минуту без ответа',
  off: 'Выключен', off_sub: 'соединение не открывается',
  queue: 'Ждут отправки у чата', delivered: 'Доставлено сегодня',
  lines: 'Открытые линии', no_connector: 'Чат ещё не зарегистрировал себя на портале',
  attendance: 'кто на месте', attend_online: 'На связи', attend_away: 'Никого нет', attend_closed: 'Закрыто до завтра',
  line_on: 'подключён', line_off: 'не подключён', line_error: 'ошибка',
  connect: 'Подключить', configure: 'Настроить',
  faults: 'Неполадки', faults_sub: 'Каждая ждёт следующего подходящего вызова или события', clear: 'Снять все',
  cut_before: 'Обрыв до', cut_before_sub: 'вызов не подействовал',
  cut_after: 'Обрыв после', cut_after_sub: 'подействовал, а ответ не дошёл',
  cut_between: 'Обрыв посреди', cut_between_sub: 'сообщение осталось без внешнего номера',
  slow: 'Медленный ответ', slow_sub: 'подействовал, ответит через 20 секунд',
  limit: 'Одно «подождите»', limit_sub: '503 на отправку',
  html_page: 'Страница вместо ответа', html_page_sub: '500 и HTML',
  expired_token: 'Токен истёк', expired_token_sub: '401 на любой вызов',
  element_failure: 'Отказ одному сообщению', element_failure_sub: 'внутри успешного ответа',
  lost_session: 'Потерянная сессия', lost_session_sub: 'успех, а сообщения нет',
  outer_failure: 'Отказ старой сборки', outer_failure_sub: 'SUCCESS: false на всё',
  line_off_fault: 'Линия неактивна', line_off_fault_sub: 'NOT_ACTIVE_LINE на отправку',
  history_refused: 'История закрыта', history_refused_sub: 'ACCESS_DENIED',
  event_lost: 'Событие потеряно', event_lost_sub: 'и не повторится',
  event_delayed: 'Событие через минуту', event_delayed_sub: 'остальные обгонят его',
  event_twice: 'Событие дважды', event_twice_sub: 'одно и то же',
  events_swapped: 'События не по порядку', events_swapped_sub: 'следующее придёт раньше',
  hour: 'Часы портала на час вперёд', hour_sub: 'токены истекут',
  app: 'Приложение', host: 'Портал', client_id: 'client_id', client_secret: 'client_secret', oauth: 'OAuth',
  installed: 'Состояние', app_yes: 'установлено', app_no: 'не установлено', app_gone: 'удалено',
  relay: 'Адрес чата', with_pages: 'Со своими страницами', install: 'Сохранить карточку', install_page: 'Открыть страницу установки',
  error_empty: 'Пустой текст не уходит', error_not_allowed: 'Это нельзя изменить', error_finished: 'Разговор уже завершён',
  error_gone: 'Этого сообщения уже нет', error_port: 'Порт портала занят другой программой',
  error_address: 'Это не адрес чата. Нужен http://хост:порт', error_network: 'Учебный портал не отвечает',
};

const en = {
  title: 'Operator’s practice desk',
  bar: 'Practice desk.',
  bar_more: 'It stands in for Bitrix24 to show the chat without a portal. Real operators answer in Bitrix24',
  shop: 'Open the shop',
  lost: 'The practice portal has stopped. Start it again, the page will find it by itself',
  find: 'Find a conversation',
  tab_all: 'All', tab_wait: 'Waiting', tab_done: 'Finished',
  none: 'No conversations yet. Write from the shop',
  none_found: 'Nothing found',
  blank: 'Choose a conversation',
  blank_more: 'A visitor’s words appear here as soon as the portal has them',
  visitor: 'Visitor',
  facts: 'Portal and visitor', back: 'To the conversations', log: 'Messages', finish: 'Finish', ask: 'Ask for a rating', send: 'Send', attach: 'Attach a file', cancel: 'Cancel',
  field: 'Answer to the visitor', by: 'Answering as',
  editing: 'Edit the message', edit: 'Edit', delete: 'Delete',
  edited: 'edited', deleted: 'Message deleted',
  today: 'Today', yesterday: 'Yesterday',
  state_sending: 'Given to the chat, not confirmed yet', state_delivered: 'Delivered', state_unsent: 'Not sent: the line is off',
  automatic: 'Automatic text', whisper: 'Only operators see this',
  started: 'Conversation {n} began', ended: 'Conversation finished',
  closing: 'Finished, closes later', led: 'Led by {name}', waits: 'Waiting for an answer', finished: 'Finished',
  name: 'Name', chat_title: 'Chat title', email: 'Email', phone: 'Phone', page: 'Page', source: 'Source', line: 'Line', session: 'Conversation',
  portal: 'The portal now',
  answers: 'Answers', answers_sub: 'like a real portal',
  busy: 'Asks to wait', busy_sub: 'too many calls',
  silent: 'Silent', silent_sub: 'a minute without an answer',
  off: 'Off', off_sub: 'the connection does not open',
  queue: 'Waiting at the chat', delivered: 'Delivered today',
  lines: 'Open lines', no_connector: 'The chat has not registered with the portal yet',
  attendance: 'who is there', attend_online: 'Online', attend_away: 'Nobody there', attend_closed: 'Closed until tomorrow',
  line_on: 'connected', line_off: 'not connected', line_error: 'error',
  connect: 'Connect', configure: 'Settings',
  faults: 'Faults', faults_sub: 'Each waits for the next call or event it fits', clear: 'Take all back',
  cut_before: 'Cut before', cut_before_sub: 'the call did nothing',
  cut_after: 'Cut after', cut_after_sub: 'it worked, the answer is lost',
  cut_between: 'Cut in the middle', cut_between_sub: 'the message stays without its external id',
  slow: 'Slow answer', slow_sub: 'it worked, the answer takes 20 seconds',
  limit: 'One “wait”', limit_sub: '503 for a sending',
  html_page: 'A page for an answer', html_page_sub: '500 and HTML',
  expired_token: 'Expired token', expired_token_sub: '401 for any call',
  element_failure: 'One message refused', element_failure_sub: 'inside a successful answer',
  lost_session: 'Lost session', lost_session_sub: 'success, and no message',
  outer_failure: 'An old build’s refusal', outer_failure_sub: 'SUCCESS: false for everything',
  line_off_fault: 'Inactive line', line_off_fault_sub: 'NOT_ACTIVE_LINE for a sending',
  history_refused: 'History closed', history_refused_sub: 'ACCESS_DENIED',
  event_lost: 'An event lost', event_lost_sub: 'and never repeated',
  event_delayed: 'An event after a minute', event_delayed_sub: 'others overtake it',
  event_twice: 'An event twice', event_twice_sub: 'the very same',
  events_swapped: 'Events out of order', events_swapped_sub: 'the next one comes first',
  hour: 'The portal’s clock an hour on', hour_sub: 'tokens expire',
  app: 'Application', host: 'Portal', client_id: 'client_id', client_secret: 'client_secret', oauth: 'OAuth',
  installed: 'State', app_yes: 'installed', app_no: 'not installed', app_gone: 'deleted',
  relay: 'Address of the chat', with_pages: 'With pages of its own', install: 'Save the card', install_page: 'Open the installation page',
  error_empty: 'An empty text is not sent', error_not_allowed: 'This cannot be changed', error_finished: 'The conversation is finished already',
  error_gone: 'That message is gone', error_port: 'Another program has taken the portal’s port',
  error_address: 'That is no address of a chat. It looks like http://host:port', error_network: 'The practice portal does not answer',
};

const all = { ru, en };
const KEY = 'otklik-desk:lang';

const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(KEY) ?? navigator.language;
export let lang = asked.startsWith('ru') ? 'ru' : 'en';

/** A word with its gaps filled. */
export function word(key, gaps = {}) {
  return all[lang][key].replace(/\{(\w+)\}/g, (gap, name) => gaps[name] ?? gap);
}

/** Reads on in another language; `after` draws what was drawn from words. */
export function choose(code, after) {
  lang = code;
  localStorage.setItem(KEY, code);
  fill();
  after();
}

/** Puts words into the document where it asks for them. */
export function fill() {
  document.documentElement.lang = lang;
  for (const one of document.querySelectorAll('[data-word]')) one.textContent = word(one.dataset.word);
  for (const one of document.querySelectorAll('[data-hint]')) one.placeholder = word(one.dataset.hint);
  for (const one of document.querySelectorAll('[data-label]')) one.setAttribute('aria-label', word(one.dataset.label));
  for (const one of document.querySelectorAll('[data-lang]')) one.setAttribute('aria-pressed', one.dataset.lang === lang);
}
